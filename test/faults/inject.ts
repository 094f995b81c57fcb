/** Does to a running stack what the schedule says. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import type { Stack } from '../../dev/stack/stack.ts';
import type { Disk } from './disks.ts';
import type { Ground } from './ground.ts';
import type { Fault } from './schedule.ts';
import type { Wire } from './wires.ts';

/** What was done, and when it was over (unix ms). */
export interface Injected {
  readonly fault: Fault;
  readonly fromMs: number;
  readonly untilMs: number;
  /** empty: it went as planned */
  readonly failure: string;
}

export async function inject(ground: Ground, fault: Fault): Promise<Injected> {
  const fromMs = Date.now();
  let failure = '';
  try {
    await perform(ground, fault);
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  return { fault, fromMs, untilMs: Date.now(), failure };
}

async function perform(ground: Ground, fault: Fault): Promise<void> {
  const { stack, wires, urls } = ground;
  const { kind, targets, forMs, byMs = 0 } = fault;
  const [target = ''] = targets;
  switch (kind) {
    case 'kill':
      for (const each of targets) stack.process(each).kill('SIGKILL');
      return;
    case 'kill-tree':
      for (const each of targets) signalTree(stack, each, 'SIGKILL');
      return;
    case 'pause':
      return await pauseFor(stack, fault);
    case 'flush':
      return await flushRedis(urls.redis);
    case 'delete-stream':
      return await deleteStream(urls.nats);
    case 'slow':
      await wires.slow(target as Wire, byMs);
      return await after(forMs, () => wires.heal(target as Wire));
    case 'silence':
    case 'cut':
      await wires[kind](target as Wire);
      return await after(forMs, () => wires.heal(target as Wire));
    case 'fill-disk':
      return await fillDisk(ground, target as Disk, forMs);
    case 'clock':
      ground.clocks.shift(target, byMs);
      return await after(forMs, () => {
        ground.clocks.shift(target, 0);
      });
  }
}

async function after(forMs: number, undo: () => Promise<void> | void): Promise<void> {
  await pause(forMs);
  await undo();
}

/**
 * A JetStream whose disk was full refuses every write until its server is started again, though there is room and its health
 * probe is content (nats-server 2.15.2, found by seed 2): an operator has to, so we do.
 */
async function fillDisk({ disks, stack }: Ground, disk: Disk, forMs: number): Promise<void> {
  if ('because' in disks) throw new Error(disks.because);
  disks.fill(disk);
  await pause(forMs);
  disks.empty(disk);
  if (disk === 'nats') stack.process('nats').kill('SIGKILL');
}

async function pauseFor(stack: Stack, { targets, forMs }: Fault): Promise<void> {
  const pids = targets.flatMap((target) => treeOf(stack.process(target).pid));
  for (const pid of pids) signal(pid, 'SIGSTOP');
  await pause(forMs);
  for (const pid of pids) signal(pid, 'SIGCONT');
}

function signalTree(stack: Stack, target: string, name: NodeJS.Signals): void {
  for (const pid of treeOf(stack.process(target).pid)) signal(pid, name);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it ended by itself meanwhile
  }
}

/** The process and all below it: PostgreSQL is one a connection. */
export function treeOf(root: number | undefined): number[] {
  if (root === undefined) return [];
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(name);
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = [root];
  for (let i = 0; i < found.length; i++) found.push(...(children.get(found[i] ?? 0) ?? []));
  return found;
}

function parentOf(pid: string): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // "pid (name) state ppid …": the name may hold anything, brackets too
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null;
  }
}

async function flushRedis(url: string): Promise<void> {
  const redis = new Redis(url, { maxRetriesPerRequest: 2, commandTimeout: 3_000 });
  redis.on('error', () => undefined);
  try {
    await redis.flushall();
  } finally {
    redis.disconnect();
  }
}

async function deleteStream(url: string): Promise<void> {
  const connection = await connect({ servers: url, timeout: 3_000 });
  try {
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: 3_000 });
    await manager.streams.delete('LOTS');
  } finally {
    await connection.close();
  }
}
