/**
 * `make failover`: how long a cell is silent when a process of its owner's side dies (kill -9) or hangs (SIGSTOP). Donors in
 * several cells post without pause; the answer to "when did the same cell take a post again" is a silence between two answers.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from './client.ts';
import type { Ground } from './ground.ts';
import { inject } from './inject.ts';
import { onGround } from './onGround.ts';
import { faultText, type Fault, type FaultKind } from './schedule.ts';
import { plainPost } from './stage.ts';

const CELLS = 8;
/** in each cell */
const ASK_EVERY_MS = 200;
const HANG_MS = 8_000;
const BETWEEN_MS = 5_000;
const LIMIT_MS = 5_000;

const owners = [['actor-host'], ['actor-host-2.daprd'], ['actor-host', 'actor-host.daprd'], ['placement']];
const single = owners.flatMap((targets) => [fault('kill', targets), fault('pause', targets)]);
/** Two at once: whoever takes no part in a placement round that is under way must not stop it. */
const DOUBLES: readonly (readonly Fault[])[] = [
  [fault('kill', ['actor-host.daprd', 'worker.daprd'])],
  [fault('kill', ['actor-host-2', 'actor-host-2.daprd', 'api.daprd'])],
  [fault('pause', ['worker-2.daprd']), { ...fault('kill', ['actor-host', 'actor-host.daprd']), atMs: 500 }],
  [fault('pause', ['actor-host-2.daprd', 'worker.daprd'])],
];
const PLAN: readonly (readonly Fault[])[] = [...single.map((each) => [each]), ...DOUBLES];

function fault(kind: FaultKind, targets: readonly string[]): Fault {
  return { atMs: 0, kind, targets, forMs: kind === 'pause' ? HANG_MS : 0 };
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
let worstMs = 0;
const { isGood } = await onGround('failover', 'jakarta', async ({ ground, client, donors }) => {
  const asked = await donorsOfCells(
    client,
    donors.map(({ id }) => id),
    CELLS,
  );
  for (const faults of PLAN) worstMs = Math.max(worstMs, await measure(ground, client, asked, faults));
  return worstMs <= LIMIT_MS;
});
say(`the longest silence of a cell: ${(worstMs / 1000).toFixed(1)} s (limit ${String(LIMIT_MS / 1000)} s)`);
process.exit(isGood ? 0 : 1);

/** ms: the longest silence of any cell around these faults */
async function measure(
  ground: Ground,
  client: Client,
  donors: readonly string[],
  faults: readonly Fault[],
): Promise<number> {
  const endMs = performance.now() + BETWEEN_MS + Math.max(...faults.map(({ forMs }) => forMs)) + 4_000;
  const silences = donors.map((donor) => silenceOf(client, donor, endMs));
  await pause(BETWEEN_MS / 2);
  const done = await Promise.all(
    faults.map(async (each) => {
      await pause(each.atMs);
      return await inject(ground, each);
    }),
  );
  const silentMs = (await Promise.all(silences)).sort((a, b) => a - b);
  const trouble = done.map(({ failure }) => failure).join(' ');
  const figures = `p50 ${seconds(silentMs[Math.floor(silentMs.length / 2)] ?? 0)}, worst ${seconds(silentMs.at(-1) ?? 0)}`;
  say(
    `${faults
      .map((each) => faultText(each).trim())
      .join('; ')
      .padEnd(90)} ${figures} ${trouble}`,
  );
  return silentMs.at(-1) ?? 0;
}

/** ms: the longest time between two answers, up to the end */
async function silenceOf(client: Client, donor: string, endMs: number): Promise<number> {
  let longestMs = 0;
  for (let lastMs = performance.now(); lastMs < endMs;) {
    const { outcome, problem } = await client.perform(plainPost(donor, crypto.randomUUID()));
    if (outcome === 'fail') throw new Error(`a post was refused: ${problem}`);
    longestMs = Math.max(longestMs, performance.now() - lastMs);
    lastMs = performance.now();
    await pause(ASK_EVERY_MS);
  }
  return longestMs;
}

/** Donors of as many cells: a lot's id begins with its cell. */
async function donorsOfCells(client: Client, donors: readonly string[], count: number): Promise<string[]> {
  const byCell = new Map<string, string>();
  for (const donor of donors) {
    const { lot } = await client.perform(plainPost(donor, crypto.randomUUID()));
    byCell.set(lot?.split('-')[0] ?? '', donor);
    if (byCell.size === count) break;
  }
  return [...byCell.values()];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
