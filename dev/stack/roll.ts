/** Takes one of our processes and its sidecar away and brings them back as a rolling update does; the order is the chart's preStop's. */
import { setTimeout as sleep } from 'node:timers/promises';
import { answersHttp } from './infrastructure/probes.ts';
import type { Stack } from './stack.ts';
import { succeeds } from './supervise/supervise.ts';

const ABLE_WITHIN_MS = 30_000;

/** The process, and its sidecar if it has one. */
function podOf(stack: Stack, name: string): string[] {
  const sidecar = `${name}.daprd`;
  return stack.status().some((each) => each.name === sidecar) ? [name, sidecar] : [name];
}

/**
 * An api's or a worker's sidecar outlives it: what is in flight goes through it. An actor host's goes first: leaving, it tells
 * placement and takes each cell away from a host that still answers; then the host has nothing left to do.
 */
export async function leave(stack: Stack, name: string): Promise<void> {
  const pod = podOf(stack, name);
  for (const each of name.startsWith('actor-host') ? pod.toReversed() : pod) await stack.process(each).stop();
}

/** @throws Error when it is not able to work within 30 s */
export async function join(stack: Stack, name: string): Promise<void> {
  for (const each of podOf(stack, name)) await stack.process(each).start();
  const url = `http://127.0.0.1:${String(stack.ports[name])}/readyz`;
  const deadlineMs = Date.now() + ABLE_WITHIN_MS;
  while (!(await succeeds(() => answersHttp(url)))) {
    if (Date.now() > deadlineMs) throw new Error(`${name} runs, but ${url} does not say ready`);
    await sleep(100);
  }
}
