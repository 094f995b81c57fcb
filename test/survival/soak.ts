/**
 * `make soak MINUTES=10 RATE=30`: does anything grow while whole stories (post, accept or decline or cancel, handover) are played at a
 * steady rate? What nobody ends would grow by right. Prints megabytes by minute; exit code 1: a process grew, or a request failed.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { watchMemory } from '../../loadtest/measure.ts';
import { startWorld } from '../../loadtest/world.ts';
import { failures, openStage, playSteadily } from './stories.ts';
import { numberSetting, say, seed } from './setting.ts';

const WARM_MINUTES = 3;
/** whole ones: the first after the warm ones is what the last is held against */
const minutes = Math.floor(numberSetting('MINUTES', 10, WARM_MINUTES + 2));
/** stories a second, of 3.7 requests each */
const rate = numberSetting('RATE', 30, 1);
const WATCHED = ['api', 'actor-host', 'relay', 'worker', 'api.daprd', 'actor-host.daprd', 'redis', 'nats'];
const MINUTE_MS = 60_000;
/** Told, not judged: JetStream keeps an index of its messages in memory, Redis what it holds. */
const KEEPS_DATA = new Set(['nats', 'redis']);
/** After the first minutes, which warm up, a process may not grow by more than this share. */
const MAX_GROWTH = 0.1;

const world = await startWorld(say, {
  env: { RATE_LIMIT_DONOR: '100000', RATE_LIMIT_RECIPIENT: '100000' },
  withCompared: false,
});
const donorIds = world.donors.map(({ id }) => id);
const stage = openStage(world.stack, ['api'], donorIds, seed);
const { seen } = stage;
let isGood = true;
try {
  let numbers = 0;
  const stop = playSteadily(stage, rate, () => numbers++);
  const byMinute: Readonly<Record<string, number>>[] = [];
  for (let minute = 1; minute <= minutes; minute++) {
    seen.length = 0;
    const peaks = watchMemory(world);
    await pause(MINUTE_MS);
    byMinute.push(peaks());
    const tooks = seen.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
    const failed = failures(seen).length;
    isGood &&= failed === 0;
    say(
      `minute ${String(minute)}: ${((seen.length / MINUTE_MS) * 1000).toFixed(0)} requests/s, ${String(failed)} failed, ` +
        `p95 ${(tooks[Math.floor(tooks.length * 0.95)] ?? 0).toFixed(0)} ms`,
    );
  }
  await stop();
  say(`\nMB at most, by minute, ${String(rate)} stories/s`);
  for (const name of WATCHED) {
    const growth = growthOf(name, byMinute);
    isGood &&= growth <= MAX_GROWTH || KEEPS_DATA.has(name);
  }
} finally {
  await stage.balancer.close();
  await world.stop();
}
say(`seed ${seed}: ${isGood ? 'nothing grows, nothing failed' : 'NOT GOOD'}`);
process.exit(isGood ? 0 : 1);

/** Prints one line. @returns by which share it grew after the first minutes */
function growthOf(name: string, byMinute: readonly Readonly<Record<string, number>>[]): number {
  const sizes = byMinute.map((each) => each[name] ?? 0);
  const growth = (sizes.at(-1) ?? 0) / Math.max(...sizes.slice(0, WARM_MINUTES)) - 1;
  say(
    `${name.padEnd(18)} ${sizes.map((size) => size.toFixed(0).padStart(5)).join('')}  ${(growth * 100).toFixed(0)} %`,
  );
  return growth;
}
