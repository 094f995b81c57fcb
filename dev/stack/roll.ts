/** Restarts one of our processes and its sidecar as a rolling update does; the order is that of the chart's preStop. */
import { setTimeout as sleep } from 'node:timers/promises';
import { answersHttp } from './infrastructure/probes.ts';
import type { Stack } from './stack.ts';
import { succeeds } from './supervise/supervise.ts';

const ABLE_WITHIN_MS = 30_000;

/**
 * An api's or a worker's sidecar outlives it: what is in flight goes through it. An actor host's goes first: leaving, it tells
 * placement and takes each cell away from a host that still answers; then the host has nothing left to do.
 * @returns what each step took, to be read
 * @throws Error when it is not able to work again within 30 s
 */
export async function roll(stack: Stack, name: string): Promise<string[]> {
  const steps: string[] = [];
  const step = async (what: string, doing: () => Promise<void>): Promise<void> => {
    const startedMs = performance.now();
    await doing();
    steps.push(`${what} ${((performance.now() - startedMs) / 1000).toFixed(1)}`);
  };
  const sidecar = `${name}.daprd`;
  const hasSidecar = stack.status().some((each) => each.name === sidecar);
  const starts = hasSidecar ? [name, sidecar] : [name];
  const stops = name.startsWith('actor-host') ? starts.toReversed() : starts;
  for (const each of stops) await step(`stop ${each}`, () => stack.process(each).stop());
  for (const each of starts) await step(`start ${each}`, () => stack.process(each).start());
  await step('ready', () => untilReady(stack, name));
  return steps;
}

async function untilReady(stack: Stack, name: string): Promise<void> {
  const url = `http://127.0.0.1:${String(stack.ports[name])}/readyz`;
  const deadlineMs = Date.now() + ABLE_WITHIN_MS;
  while (!(await succeeds(() => answersHttp(url)))) {
    if (Date.now() > deadlineMs) throw new Error(`${name} runs, but ${url} does not say ready`);
    await sleep(100);
  }
}
