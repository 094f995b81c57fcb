/**
 * `make overload SEED=… SECONDS=…` (R11): posts at twice what one api answers, from an open-model generator, while others go on
 * accepting. Exit code 1: less than 90 % of the capacity was answered well, an answer was something else than 201 or a 503
 * that says in its header Retry-After when to come back, an accept was refused, or it was not back to normal within 30 s.
 * Capacity is the best that any of three crowds gets before or after: what a small one gets is less, and twice of that too little.
 * What others use of the machine is told beside each figure: where that changes under way, two boxes are compared.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { generate, percentile, steadily } from '../../loadtest/generator/generate.ts';
import type { Plan, Seen } from '../../loadtest/generator/plan.ts';
import { spotsInHottest, targetsFor } from '../../loadtest/posts.ts';
import { startWorld } from '../../loadtest/world.ts';
import { watchOthers } from '../../loadtest/cost.ts';
import { chanceOf } from '../../data/seed/chance.ts';
import { failures, openStage, playSteadily, type Stage } from './stories.ts';
import { numberSetting, say, seed } from './setting.ts';

const durationMs = numberSetting('SECONDS', 30, 5) * 1000;
const ALL_CELLS = 1_000;
/** The first is fewer than are let in whatever the rate; the others fill calls better. Who is refused comes back when it was told to. */
const CROWDS = [200, 512, 2_000];
const CROWD_MS = 8_000;
/** As many as wait for answers and refusals at once, and more: none may be dropped for want of a connection. */
const FLOOD_CONNECTIONS = 4_000;
/** What the door promises. */
const RETRY_AFTER_SECONDS = [1, 2, 3, 4];
/** What a post may take at half load before we call it normal. */
const NORMAL_P95_MS = 1_000;
const NORMAL_WITHIN_MS = 30_000;
/** Stories that go on beside the flood; each is a post that may be refused, and then answers that may not. */
const STORIES_PER_SECOND = 10;
/** Fewer answers would show nothing: half of the stories may be refused at their post, the others have two answers and more. */
const LEAST_ANSWERS_PER_SECOND = 5;

const world = await startWorld(say, {
  env: { RATE_LIMIT_DONOR: '1000000', RATE_LIMIT_RECIPIENT: '1000000' },
  withCompared: false,
});
const port = world.stack.ports['api'] ?? 0;
const random = chanceOf(seed, 'overload').fraction;
const targets = targetsFor(world, port, spotsInHottest(world.donors, ALL_CELLS), random);
let runs = 0;
const plan = (arrivalsMs: Float64Array | null, forMs: number, connections: number): Plan => ({
  port,
  targets,
  keyPrefix: `${seed}-${String(runs++)}`,
  connections,
  durationMs: forMs,
  arrivalsMs,
  timeoutMs: 10_000,
  lookFor: '/docs/errors/overloaded',
});

let broken: readonly string[];
try {
  await generate(plan(null, 10_000, CROWDS[0] ?? 0));
  const before = await capacityNow('before');
  const over = await flood(before * 2);
  const recoveryMs = await untilNormal(before / 2);
  const after = await capacityNow('after');
  say(`twice what was seen before is ${((2 * before) / Math.max(before, after)).toFixed(2)} times the capacity`);
  broken = judge(over, Math.max(before, after), recoveryMs);
  for (const line of broken) say(`MISSED ${line}`);
} finally {
  await world.stop();
}
process.exit(broken.length === 0 ? 0 : 1);

/** @returns posts a second of the crowd that gets most */
async function capacityNow(when: string): Promise<number> {
  const rates: number[] = [];
  const others = watchOthers(world.stack.status);
  for (const crowd of CROWDS) rates.push(perSecond(await generate(plan(null, CROWD_MS, crowd)), CROWD_MS));
  const told = CROWDS.map((crowd, n) => `${(rates[n] ?? 0).toFixed(0)}/s with ${String(crowd)} connections`);
  say(`capacity ${when}: ${told.join(', ')}; ${percent(others())} of the machine used by others`);
  return Math.max(...rates);
}

interface Flood {
  readonly seen: Seen;
  readonly answers: Stage['seen'];
  /** posts and answers of stories that were done meanwhile: they use the same capacity */
  readonly doneInStories: number;
  readonly slowestProbeMs: number;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function perSecond({ doneInTime }: Seen, forMs: number): number {
  return doneInTime / (forMs / 1000);
}

async function flood(rate: number): Promise<Flood> {
  const donorIds = world.donors.map(({ id }) => id);
  const stage = openStage(world.stack, ['api'], donorIds, seed);
  let n = 0;
  const stop = playSteadily(stage, STORIES_PER_SECOND, () => n++);
  const probing = probe();
  const others = watchOthers(world.stack.status);
  const seen = await generate(plan(steadily(rate, durationMs), durationMs, FLOOD_CONNECTIONS));
  const othersShare = others();
  const commands = stage.seen.filter(({ kind }) => kind !== 'code' && kind !== 'read');
  const doneInStories = commands.length - failures(commands).length;
  const slowestProbeMs = await probing();
  await stop();
  await stage.balancer.close();
  const [statuses, told] = [seen.statuses, seen.retryAfterSeconds].map((counts) => JSON.stringify(counts));
  say(
    `seed ${seed}: ${rate.toFixed(0)} posts/s for ${String(durationMs / 1000)} s: ${perSecond(seen, durationMs).toFixed(0)}/s done, ${String(statuses)}, Retry-After ${String(told)}`,
  );
  const [p50, p95] = [0.5, 0.95].map((share) => percentile(seen.latenciesMs, share).toFixed(0));
  say(
    `latency of what was done p50 ${String(p50)} p95 ${String(p95)} ms; ${percent(othersShare)} of the machine used by others; dropped ${String(seen.dropped)}, timed out ${String(seen.timedOut)}`,
  );
  return { seen, doneInStories, answers: stage.seen.filter(({ kind }) => kind !== 'post'), slowestProbeMs };
}

/** @returns stops it, and tells the slowest answer of /healthz and /metrics, ms */
function probe(): () => Promise<number> {
  let isOver = false;
  const run = async (): Promise<number> => {
    let slowestMs = 0;
    while (!isOver) {
      for (const path of ['/healthz', '/metrics']) {
        const startedMs = performance.now();
        await (await fetch(`http://127.0.0.1:${String(port)}${path}`)).text();
        slowestMs = Math.max(slowestMs, performance.now() - startedMs);
      }
      await pause(500);
    }
    return slowestMs;
  };
  const running = run();
  return () => {
    isOver = true;
    return running;
  };
}

/** Half of the capacity, second after second, until one has no refusal and a p95 as usual. @returns ms since the flood ended */
async function untilNormal(rate: number): Promise<number> {
  const startedMs = performance.now();
  while (performance.now() - startedMs < NORMAL_WITHIN_MS) {
    const seen = await generate(plan(steadily(rate, 2_000), 2_000, 500));
    const isAllGood =
      Object.keys(seen.statuses).every((status) => status === '201') && seen.timedOut + seen.dropped === 0;
    if (isAllGood && percentile(seen.latenciesMs, 0.95) < NORMAL_P95_MS) return performance.now() - startedMs;
  }
  return Number.POSITIVE_INFINITY;
}

function judge(
  { seen, answers, doneInStories, slowestProbeMs }: Flood,
  capacity: number,
  recoveryMs: number,
): string[] {
  const seconds = durationMs / 1000;
  const goodput = (seen.doneInTime + doneInStories) / seconds / capacity;
  const unanswered = failures(answers);
  say(
    `R11: goodput ${percent(goodput)} of a capacity of ${capacity.toFixed(0)}/s (goal 90), ${String(seen.statuses['503'] ?? 0)} refused, ${String(answers.length)} answers of recipients and donors, ${String(unanswered.length)} of them failed`,
  );
  say(
    `normal again after ${(recoveryMs / 1000).toFixed(1)} s (goal 30); /healthz and /metrics took ${slowestProbeMs.toFixed(0)} ms at most`,
  );
  return [
    ...(goodput < 0.9 ? ['the goodput'] : []),
    ...brokenPromises(seen),
    ...(unanswered.length > 0 ? [`answers refused: ${JSON.stringify(unanswered.slice(0, 3))}`] : []),
    ...(answers.length < LEAST_ANSWERS_PER_SECOND * seconds ? [`only ${String(answers.length)} answers to judge`] : []),
    ...(recoveryMs >= NORMAL_WITHIN_MS ? ['the way back to normal'] : []),
  ];
}

/** Each post is done, or refused with a word on when to come back and that nothing was done. */
function brokenPromises({ statuses, retryAfterSeconds, found, timedOut, dropped }: Seen): string[] {
  const refused = statuses['503'] ?? 0;
  const others = Object.keys(statuses).filter((status) => status !== '201' && status !== '503');
  const told = RETRY_AFTER_SECONDS.reduce((sum, seconds) => sum + (retryAfterSeconds[seconds] ?? 0), 0);
  return [
    ...(others.length + timedOut + dropped > 0
      ? [
          `answers other than 201 and 503: ${others.join(', ')}, ${String(timedOut)} timed out, ${String(dropped)} dropped`,
        ]
      : []),
    ...(found < refused ? [`${String(refused - found)} were 503 without saying that nothing was done`] : []),
    ...(told < refused ? [`${String(refused - told)} were 503 without a Retry-After of 1 to 4 s`] : []),
  ];
}
