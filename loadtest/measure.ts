/** One load on one target, and what it cost. */
import { setTimeout as pause } from 'node:timers/promises';
import { LOTS } from '#adapters/nats/streams.ts';
import { costsOf, watchOthers } from './cost.ts';
import { generate, percentile } from './generator/generate.ts';
import type { Plan } from './generator/plan.ts';
import type { World } from './world.ts';

/** Milliseconds and counts; shares from 0 to 1. */
export interface Measured {
  readonly name: string;
  readonly load: string;
  readonly perSecond: number;
  readonly sent: number;
  readonly dropped: number;
  readonly timedOut: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** of the 2xx answers; NaN where it is not asked */
  readonly offeredShare: number;
  readonly generatorCpuSeconds: number;
  /** CPU that neither the generator nor the measured processes used: other people on this machine, as a share of all cores */
  readonly othersShare: number;
  /** CPU-seconds per 1,000 answers of 2xx, until all was caught up */
  readonly cpuPer1000: Readonly<Record<string, number>>;
  readonly peakRssMegabytes: Readonly<Record<string, number>>;
  readonly batchOfApi: number;
  readonly batchOfTurn: number;
  /** rows in the outbox at the end of the load, and how long until none was left; null: not within the limit */
  readonly unpublishedAtEnd: number;
  readonly caughtUpSeconds: number | null;
  /** lots in PostgreSQL less 2xx answers: below 0, posts were lost; above, answers were */
  readonly rowsLessAnswers: number;
}

export interface Watch {
  /** which tables: ours or the baseline's; null: no posts (an empty actor call) */
  readonly schema: 'public' | 'baseline' | null;
  readonly catchUpWithinMs: number;
}

interface Counters {
  readonly cost: ReturnType<typeof costsOf>;
  readonly lots: number;
  readonly batches: Readonly<Record<string, number>>;
}

export async function measure(world: World, name: string, load: string, plan: Plan, watch: Watch): Promise<Measured> {
  const before = await countersOf(world, watch);
  const peaks = watchMemory(world);
  const others = watchOthers(world.stack.status);
  const seen = await generate(plan);
  const othersShare = others();
  const unpublishedAtEnd = await unpublished(world, watch);
  const caughtUpSeconds = await catchUp(world, watch);
  const after = await countersOf(world, watch);
  const done = Object.entries(seen.statuses).reduce((sum, [status, n]) => sum + (status.startsWith('2') ? n : 0), 0);
  return {
    name,
    load,
    perSecond: seen.doneInTime / (plan.durationMs / 1000),
    sent: seen.sent,
    dropped: seen.dropped,
    timedOut: seen.timedOut,
    statuses: seen.statuses,
    p50Ms: percentile(seen.latenciesMs, 0.5),
    p95Ms: percentile(seen.latenciesMs, 0.95),
    p99Ms: percentile(seen.latenciesMs, 0.99),
    maxMs: percentile(seen.latenciesMs, 1),
    offeredShare: plan.lookFor === '' ? Number.NaN : seen.found / done,
    generatorCpuSeconds: seen.cpuSeconds,
    othersShare,
    cpuPer1000: per1000(before.cost, after.cost, done),
    peakRssMegabytes: peaks(),
    batchOfApi: meanBetween(before, after, 'api_cell_batch_size'),
    batchOfTurn: meanBetween(before, after, 'cell_turn_commands'),
    unpublishedAtEnd,
    caughtUpSeconds,
    rowsLessAnswers: after.lots - before.lots - (watch.schema === null ? 0 : done),
  };
}

async function countersOf(world: World, watch: Watch): Promise<Counters> {
  return {
    lots: await lotsIn(world, watch),
    batches: { ...(await metricsOf(world, 'api')), ...(await metricsOf(world, 'actor-host')) },
    cost: costsOf(world.stack.status()),
  };
}

async function lotsIn(world: World, { schema }: Watch): Promise<number> {
  return schema === null ? 0 : await countOf(world, `select count(*) from ${schema}.lot`);
}

async function countOf(world: World, query: string): Promise<number> {
  const { rows } = await world.db.query<{ count: string }>(query);
  return Number(rows[0]?.count);
}

async function unpublished(world: World, { schema }: Watch): Promise<number> {
  if (schema === null) return 0;
  return await countOf(world, `select count(*) from ${schema}.outbox where published_at is null`);
}

/** Events the worker has not dealt with yet. */
async function unhandled(world: World, { schema }: Watch): Promise<number> {
  if (schema !== 'public') return 0;
  let waiting = 0;
  for await (const { num_pending, num_ack_pending } of world.bus.jsm.consumers.list(LOTS))
    waiting += num_pending + num_ack_pending;
  return waiting;
}

/** @returns seconds until nothing was unpublished, or unhandled by the worker; null when the time was up before */
export async function catchUp(world: World, watch: Watch, withWorker = true): Promise<number | null> {
  const startMs = performance.now();
  while ((await unpublished(world, watch)) > 0 || (withWorker && (await unhandled(world, watch)) > 0)) {
    if (performance.now() - startMs > watch.catchUpWithinMs) return null;
    await pause(100);
  }
  return (performance.now() - startMs) / 1000;
}

/** Sums and counts as prom-client tells them, labels left out. */
async function metricsOf(world: World, process: string): Promise<Record<string, number>> {
  const response = await fetch(`http://127.0.0.1:${String(world.stack.ports[process])}/metrics`);
  const lines = (await response.text()).matchAll(/^(\w+_(?:sum|count)) (\S+)$/gm);
  return Object.fromEntries([...lines].map(([, name = '', value]) => [name, Number(value)]));
}

function meanBetween(before: Counters, after: Counters, name: string): number {
  const grown = (key: string): number => (after.batches[key] ?? 0) - (before.batches[key] ?? 0);
  return grown(`${name}_sum`) / grown(`${name}_count`);
}

function per1000(before: Counters['cost'], after: Counters['cost'], done: number): Record<string, number> {
  const used = [...after].map(
    ([name, { cpuSeconds }]) => [name, cpuSeconds - (before.get(name)?.cpuSeconds ?? 0)] as const,
  );
  return Object.fromEntries(used.filter(([, seconds]) => seconds > 0).map(([name, s]) => [name, (s / done) * 1000]));
}

const MEMORY_EVERY_MS = 1_000;

/** @returns stops watching and tells the largest resident set of each process of ours, megabytes */
export function watchMemory(world: World): () => Record<string, number> {
  const peaks: Record<string, number> = {};
  const look = (): void => {
    for (const [name, { rssBytes }] of costsOf(world.stack.status())) {
      peaks[name] = Math.max(peaks[name] ?? 0, rssBytes / 2 ** 20);
    }
  };
  const timer = setInterval(look, MEMORY_EVERY_MS);
  return () => {
    clearInterval(timer);
    look();
    return peaks;
  };
}
