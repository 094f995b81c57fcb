/**
 * `make redis-away`: what people notice when Redis is silent, dead, emptied or full (R9). Several donors post without pause; no post
 * may be refused or wait for more than a second, and 5 s after Redis is back posts hold offers at once again.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Ground } from './ground.ts';
import { inject } from './inject.ts';
import { onGround } from './onGround.ts';
import type { Operation } from './operations.ts';
import { faultText, type Fault, type FaultKind } from './schedule.ts';
import { plainPost } from './stage.ts';

const DONORS = 6;
const ASK_EVERY_MS = 300;
const BEFORE_MS = 2_000;
const AWAY_MS = 6_000;
const WORST_MS = 1_000;
const BACK_WITHIN_MS = 5_000;
const PLAN: readonly Fault[] = (['silence', 'cut', 'slow', 'pause', 'kill', 'flush', 'fill-redis'] as FaultKind[]).map(
  (kind) => ({
    atMs: 0,
    kind,
    targets: ['redis'],
    forMs: kind === 'kill' || kind === 'flush' ? 0 : AWAY_MS,
    ...(kind === 'slow' ? { by: 300 } : {}),
  }),
);

interface Noticed {
  readonly posts: number;
  readonly refused: number;
  readonly worstMs: number;
  /** from the fault's end to the first post after which every one held an offer at once; null: not in time */
  readonly offersAfterMs: number | null;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const { isGood, dir } = await onGround('redis-away', 'helsinki', async ({ ground, client, donors }) => {
  const asked = donors.slice(0, DONORS).map(({ id }) => id);
  let isGood = true;
  for (const each of PLAN) {
    const { posts, refused, worstMs, offersAfterMs } = await measure(ground, each, asked, (donor) =>
      client.perform(plainPost(donor, crypto.randomUUID())),
    );
    isGood &&= refused === 0 && worstMs <= WORST_MS && offersAfterMs !== null;
    const after = offersAfterMs === null ? 'NO OFFERS' : `offers after ${seconds(offersAfterMs)}`;
    say(
      `${faultText(each).trim().padEnd(44)} ${String(posts)} posts, ${String(refused)} refused, worst ${seconds(worstMs)}, ${after}`,
    );
  }
  return isGood;
});
say(isGood ? `no post was refused or waited for ${seconds(WORST_MS)}` : `BROKEN; evidence in ${dir}`);
process.exit(isGood ? 0 : 1);

async function measure(
  ground: Ground,
  fault: Fault,
  donors: readonly string[],
  post: (donor: string) => Promise<Operation>,
): Promise<Noticed> {
  const seen: Operation[] = [];
  let isOver = false;
  const keepPosting = async (donor: string): Promise<void> => {
    while (!isOver) {
      seen.push(await post(donor));
      await pause(ASK_EVERY_MS);
    }
  };
  const posting = donors.map(keepPosting);
  await pause(BEFORE_MS);
  const { untilMs, failure } = await inject(ground, fault);
  if (failure !== '') throw new Error(`${fault.kind} was not done: ${failure}`);
  await pause(BACK_WITHIN_MS + BEFORE_MS);
  isOver = true;
  await Promise.all(posting);
  const lastWithout = seen.filter((each) => !holdsOffer(each)).map((each) => each.invokedAtMs);
  const offersAfterMs = Math.max(0, Math.max(0, ...lastWithout) - untilMs);
  return {
    posts: seen.length,
    refused: seen.filter(({ outcome, tries }) => outcome !== 'ok' || tries > 1).length,
    worstMs: Math.max(...seen.map(({ invokedAtMs, endedAtMs }) => (endedAtMs ?? Infinity) - invokedAtMs)),
    offersAfterMs: offersAfterMs > BACK_WITHIN_MS ? null : offersAfterMs,
  };
}

function holdsOffer({ answer }: Operation): boolean {
  return (answer as { offer?: unknown } | null)?.offer != null;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
