/**
 * `make overload SEED=… SECONDS=…` (R11): posts at twice what one api answers, from an open-model generator, while others go on
 * accepting. Exit code 1: less than 90 % of the capacity was answered well, an answer was something else than 201 or a 503
 * with Retry-After, an accept was refused, or it was not back to normal within 30 s.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { generate, percentile, steadily } from '../../loadtest/generator/generate.ts';
import type { Plan, Seen } from '../../loadtest/generator/plan.ts';
import { spotsInHottest, targetsFor } from '../../loadtest/posts.ts';
import { startWorld } from '../../loadtest/world.ts';
import { chanceOf } from '../../data/seed/chance.ts';
import { failures, openStage, playSteadily, type Stage } from './stories.ts';
import { numberSetting, say, seed } from './setting.ts';

const durationMs = numberSetting('SECONDS', 30, 5) * 1000;
const ALL_CELLS = 1_000;
/** Fewer than are let in whatever the rate: a refusal answered by the next request would measure refusals. */
const CONNECTIONS = 200;
/** What a post may take at half load before we call it normal. */
const NORMAL_P95_MS = 1_000;
const NORMAL_WITHIN_MS = 30_000;
/** Stories that go on beside the flood; each is a post that may be refused, and then answers that may not. */
const STORIES_PER_SECOND = 3;

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
  await generate(plan(null, 10_000, CONNECTIONS));
  const before = perSecond(await generate(plan(null, durationMs / 2, CONNECTIONS)), durationMs / 2);
  const over = await flood(before * 2);
  const recoveryMs = await untilNormal(before / 2);
  const after = perSecond(await generate(plan(null, durationMs / 2, CONNECTIONS)), durationMs / 2);
  broken = judge(over, (before + after) / 2, recoveryMs);
  say(`capacity ${before.toFixed(0)}/s before and ${after.toFixed(0)}/s after (${String(CONNECTIONS)} connections)`);
  for (const line of broken) say(`MISSED ${line}`);
} finally {
  await world.stop();
}
process.exit(broken.length === 0 ? 0 : 1);

interface Flood {
  readonly seen: Seen;
  readonly answers: Stage['seen'];
  /** posts and answers of stories that were done meanwhile: they use the same capacity */
  readonly doneInStories: number;
  readonly slowestProbeMs: number;
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
  const seen = await generate(plan(steadily(rate, durationMs), durationMs, 2_000));
  const commands = stage.seen.filter(({ kind }) => kind !== 'code' && kind !== 'read');
  const doneInStories = commands.length - failures(commands).length;
  const slowestProbeMs = await probing();
  await stop();
  await stage.balancer.close();
  const statuses = JSON.stringify(seen.statuses);
  say(
    `seed ${seed}: ${rate.toFixed(0)} posts/s for ${String(durationMs / 1000)} s: ${perSecond(seen, durationMs).toFixed(0)}/s done, ${statuses}`,
  );
  const [p50, p95] = [0.5, 0.95].map((share) => percentile(seen.latenciesMs, share).toFixed(0));
  say(
    `latency of all answers p50 ${String(p50)} p95 ${String(p95)} ms; dropped ${String(seen.dropped)}, timed out ${String(seen.timedOut)}`,
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
  const goodput = (seen.doneInTime + doneInStories) / (durationMs / 1000) / capacity;
  const refused = seen.statuses['503'] ?? 0;
  const others = Object.keys(seen.statuses).filter((status) => status !== '201' && status !== '503');
  const unanswered = failures(answers);
  say(
    `R11: goodput ${(goodput * 100).toFixed(0)} % of capacity (goal 90), ${String(refused)} refused, ${String(answers.length)} answers of recipients and donors, ${String(unanswered.length)} of them failed`,
  );
  say(
    `normal again after ${(recoveryMs / 1000).toFixed(1)} s (goal 30); /healthz and /metrics took ${slowestProbeMs.toFixed(0)} ms at most`,
  );
  return [
    ...(goodput < 0.9 ? ['the goodput'] : []),
    ...(others.length + seen.timedOut + seen.dropped > 0
      ? [
          `answers other than 201 and 503: ${others.join(', ')}, ${String(seen.timedOut)} timed out, ${String(seen.dropped)} dropped`,
        ]
      : []),
    ...(seen.found < refused ? [`${String(refused - seen.found)} were 503 without saying that nothing was done`] : []),
    ...(unanswered.length > 0 ? [`answers refused: ${JSON.stringify(unanswered.slice(0, 3))}`] : []),
    ...(recoveryMs >= NORMAL_WITHIN_MS ? ['the way back to normal'] : []),
  ];
}
