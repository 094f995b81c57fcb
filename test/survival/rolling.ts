/**
 * `make rolling SEED=… RATE=…` (R12): every process is restarted, one after the other, at half of the measured capacity, and what they
 * stand on. Exit code 1: a request failed. PostgreSQL only when asked for (`KINDS=postgres`): there is one, and while it is away people
 * may be told when to come back, do so once with the same key, and must be answered; whatever else they are told has failed.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { startWorld } from '../../loadtest/world.ts';
import { join, leave } from '../../dev/stack/roll.ts';
import { failures, openStage, playSteadily, playTogether, saysWhen, type Seen } from './stories.ts';
import { numberSetting, say, seed, setting } from './setting.ts';

const OURS = ['api', 'actor-host', 'relay', 'worker'];
/** Of these there is one each. */
const STOOD_ON = ['placement', 'scheduler', 'nats', 'redis'];
const DATABASE = 'postgres';
const ALL = [...OURS, ...STOOD_ON, DATABASE];
const KINDS = setting('KINDS', [...OURS, ...STOOD_ON].join()).split(',');
const unknown = KINDS.filter((kind) => !ALL.includes(kind));
if (unknown.length > 0) throw new Error(`KINDS: no ${unknown.join()}; there are ${ALL.join()}`);
/** 0: half of what is measured first */
const RATE = numberSetting('RATE', 0, 0);
const TWO_OF_EACH = Object.fromEntries(OURS.map((kind) => [kind, 2]));
const WARM_UP_MS = 10_000;
const CAPACITY_MS = 15_000;
const AT_ONCE = 64;
const REQUESTS_PER_STORY = 3.4;
/** Between two restarts, so that what the first did shows beside its own name. */
const SETTLE_MS = 4_000;

const world = await startWorld(say, {
  processes: TWO_OF_EACH,
  env: { DRAIN_SECONDS: '1', RATE_LIMIT_DONOR: '100000', RATE_LIMIT_RECIPIENT: '100000' },
  withCompared: false,
});
const { stack } = world;
const donorIds = world.donors.map(({ id }) => id);
const stage = { ...openStage(stack, ['api', 'api-2'], donorIds, seed), comesBack: true };
const { seen } = stage;
let numbers = 0;
const nextNumber = (): number => numbers++;
let failed: number;
/** told when to come back while the database was away */
const told = new Set<Seen>();
try {
  await playTogether(stage, AT_ONCE, WARM_UP_MS, nextNumber);
  const measured = await playTogether(stage, AT_ONCE, CAPACITY_MS, nextNumber);
  const rate = RATE > 0 ? RATE : measured / 2;
  say(
    `seed ${seed}: capacity ${measured.toFixed(0)} requests/s (64 stories at once); restarting at ${rate.toFixed(0)}/s`,
  );
  seen.length = 0;
  const stop = playSteadily(stage, rate / REQUESTS_PER_STORY, nextNumber);
  await pause(SETTLE_MS);
  for (const name of KINDS.flatMap((kind) => (OURS.includes(kind) ? [kind, `${kind}-2`] : [kind]))) {
    const fromMs = Date.now();
    await restart(name);
    const tookMs = Date.now() - fromMs;
    await pause(SETTLE_MS);
    const during = seen.filter(({ atMs, tookMs: own }) => atMs + own >= fromMs);
    const worstMs = Math.max(0, ...during.map((each) => each.tookMs));
    say(
      `${name.padEnd(14)} restarted in ${(tookMs / 1000).toFixed(1)} s: ${String(during.length)} requests, ` +
        `${String(failures(during).length)} not answered, worst ${worstMs.toFixed(0)} ms`,
    );
    const spans = failures(during).map((each) => [each.atMs - fromMs, each.atMs + each.tookMs - fromMs] as const);
    if (name === DATABASE) for (const each of failures(during).filter(saysWhen)) told.add(each);
    if (spans.length > 0)
      say(
        `  not answered between ${String(Math.min(...spans.map(([from]) => from)))} and ${String(Math.max(...spans.map(([, to]) => to)))} ms after it began`,
      );
  }
  await stop();
  const unanswered = failures(seen).filter((each) => !told.has(each));
  failed = unanswered.length;
  for (const line of kindsOf([...told])) say(`TOLD when to come back ${line}`);
  for (const line of kindsOf(unanswered)) say(`FAILED ${line}`);
  say(`R12: ${String(seen.length)} requests, ${String(failed)} failed (goal 0)`);
} finally {
  await stage.balancer.close();
  await world.stop();
}
process.exit(failed === 0 ? 0 : 1);

function kindsOf(those: readonly Seen[]): string[] {
  const kinds = Map.groupBy(those, ({ kind, status, problem }) => `${kind} ${String(status)} ${problem}`);
  return [...kinds].map(([what, { length }]) => `${String(length)} times: ${what}`);
}

async function restart(name: string): Promise<void> {
  if (!OURS.includes(name.replace('-2', ''))) return await stack.process(name).restart();
  await leave(stack, name);
  await join(stack, name);
}
