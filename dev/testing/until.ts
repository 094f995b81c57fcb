import { setTimeout as sleep } from 'node:timers/promises';

/** Polls until `check` is truthy. @throws Error after the deadline */
export async function until(what: string, check: () => unknown, deadlineMs = 10_000): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!(await check())) {
    if (performance.now() > endMs) throw new Error(`not within ${String(deadlineMs)} ms: ${what}`);
    await sleep(20);
  }
}
