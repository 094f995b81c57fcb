import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Plan, Seen } from './plan.ts';

/** Runs a plan in a thread of its own. @throws what the thread threw */
export async function generate(plan: Plan): Promise<Seen> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: plan });
  const [seen] = (await once(worker, 'message')) as [Seen];
  await worker.terminate();
  return seen;
}

/** A crowd; at a rate half a second's worth, if that is more: so that what is due hardly waits for a connection. */
export function connectionsFor(ratePerSecond = 0): number {
  return Math.max(512, Math.ceil(ratePerSecond / 2));
}

/** Due times at a constant rate. */
export function steadily(ratePerSecond: number, durationMs: number): Float64Array {
  const count = Math.floor((ratePerSecond * durationMs) / 1000);
  return Float64Array.from({ length: count }, (_, n) => (n * 1000) / ratePerSecond);
}

/** Due times of `count` who come by chance within the time (a Poisson process given its count). @param random 0 to 1 */
export function byChance(count: number, durationMs: number, random: () => number): Float64Array {
  return Float64Array.from({ length: count }, () => random() * durationMs).sort();
}

/** @param sorted ascending @param share 0.95: the 95th percentile. NaN when there is none */
export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
