import type { EventLoopUtilization } from 'node:perf_hooks';
import type { CellLoad } from '#cell/cell.ts';
import { MAX_WAITING_POSTS } from '#cell/cell.ts';

export interface PoolUse {
  /** how long connections were lent since the process began, all of them together, ms */
  readonly lentMs: number;
  readonly inUse: number;
  readonly waiting: number;
  readonly max: number;
}

/** One look at this process. */
export interface Sample {
  /** monotonic ms */
  readonly atMs: number;
  /** since the process began */
  readonly eventLoop: Pick<EventLoopUtilization, 'active' | 'idle'>;
  readonly pool: PoolUse;
  readonly cells: ReadonlyMap<string, CellLoad>;
}

/** Each part from 0 to 1. */
export interface Saturation {
  readonly eventLoop: number;
  readonly turnQueues: number;
  readonly databasePool: number;
  /** share of the time the busiest cell was in a turn */
  readonly busiestCell: number;
  /** share of all commands that were that cell's */
  readonly busiestShare: number;
  /** waiting commands of the fullest cell now, as a share of where it refuses posts */
  readonly fullestQueue: number;
}

export const WINDOW_MS = 15_000;

/** Drops what is older than the window, but one: what is compared is a whole window apart. */
export function keepWindow(samples: readonly Sample[], nowMs: number): Sample[] {
  const firstWithin = samples.findIndex(({ atMs }) => atMs > nowMs - WINDOW_MS);
  return firstWithin === -1 ? samples.slice(-1) : samples.slice(Math.max(0, firstWithin - 1));
}

/** @param samples of the window, oldest first; docs/observability.md has the formula */
export function saturationOf(samples: readonly Sample[]): Saturation {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined) {
    return { eventLoop: 0, turnQueues: 0, databasePool: 0, busiestCell: 0, busiestShare: 0, fullestQueue: 0 };
  }
  const activeMs = last.eventLoop.active - first.eventLoop.active;
  const idleMs = last.eventLoop.idle - first.eventLoop.idle;
  const waiting = [...last.cells.values()].map((load) => load.waiting);
  return {
    eventLoop: share(activeMs, activeMs + idleMs),
    turnQueues: mean(samples.map((sample) => queueShare(sample, first))),
    databasePool: poolShare(samples, first, last),
    ...busiest(first, last),
    fullestQueue: share(Math.max(0, ...waiting), MAX_WAITING_POSTS),
  };
}

/** What the autoscaler reads. One hot cell is no part of it: more hosts would not help that one. */
export function saturationRatio({ eventLoop, turnQueues, databasePool }: Saturation): number {
  return Math.max(eventLoop, turnQueues, databasePool);
}

/** Not by looks: a small pool is lent for milliseconds. Looks tell what is waited for while connections are missing (PostgreSQL is away). */
function poolShare(samples: readonly Sample[], first: Sample, last: Sample): number {
  const lent = share(last.pool.lentMs - first.pool.lentMs, (last.atMs - first.atMs) * last.pool.max);
  const missing = samples.map(({ pool }) => share(Math.min(pool.waiting, pool.max - pool.inUse), pool.max));
  return Math.min(1, lent + mean(missing));
}

/** Of the queues that are in use, the share that is full. A cell is in use when it waits, or had a turn within the window. */
function queueShare({ cells }: Sample, first: Sample): number {
  let waiting = 0;
  let queues = 0;
  for (const [token, load] of cells) {
    if (load.waiting === 0 && load.commands === (first.cells.get(token)?.commands ?? 0)) continue;
    waiting += load.waiting;
    queues++;
  }
  return share(waiting, queues * MAX_WAITING_POSTS);
}

function busiest(first: Sample, last: Sample): Pick<Saturation, 'busiestCell' | 'busiestShare'> {
  let [busyMs, itsCommands, commands] = [0, 0, 0];
  for (const [token, load] of last.cells) {
    const was = first.cells.get(token) ?? { busyMs: 0, commands: 0 };
    const done = load.commands - was.commands;
    commands += done;
    if (load.busyMs - was.busyMs <= busyMs) continue;
    busyMs = load.busyMs - was.busyMs;
    itsCommands = done;
  }
  return { busiestCell: share(busyMs, last.atMs - first.atMs), busiestShare: share(itsCommands, commands) };
}

function mean(values: readonly number[]): number {
  return share(
    values.reduce((sum, value) => sum + value, 0),
    values.length,
  );
}

/** 0 to 1; of nothing, nothing. */
function share(part: number, whole: number): number {
  return whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 0;
}
