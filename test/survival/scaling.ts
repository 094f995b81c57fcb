/**
 * `make scaling SEED=… RATE=… HOSTS=2,6,2` (R4): actor hosts come and go, all of a step at once, while stories are played in all
 * cells. Exit code 1: a request failed, a lot was written by two, a cell's epoch did not rise with its owner, or a cell was
 * activated more than three times in one step.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { instanceNames } from '../../dev/stack/apps.ts';
import { join, leave } from '../../dev/stack/roll.ts';
import { startWorld } from '../../loadtest/world.ts';
import { openLedger, type Ownership } from './ledger.ts';
import { numberSetting, say, seed, setting } from './setting.ts';
import { failures, openStage, playSteadily, type Seen } from './stories.ts';

const MAX_ACTIVATIONS = 3;
/** how many hosts there are, one after the other */
const hostCounts = setting('HOSTS', '2,6,2').split(',').map(Number);
if (hostCounts.length < 2 || !hostCounts.every((count) => Number.isInteger(count) && count > 0))
  throw new Error('HOSTS is how many hosts there are, one after the other: HOSTS=1,2,4,8');
const storiesPerSecond = numberSetting('RATE', 10, 1);
const SETTLE_MS = 8_000;
const WATCH_EVERY_MS = 200;
const names = instanceNames('actor-host', Math.max(...hostCounts));

const world = await startWorld(say, {
  processes: { 'actor-host': names.length },
  env: { RATE_LIMIT_DONOR: '100000', RATE_LIMIT_RECIPIENT: '100000' },
  withCompared: false,
});
const { stack } = world;
const ledger = openLedger(stack.env['MIGRATION_DATABASE_URL'] ?? '');
const donorIds = world.donors.map(({ id }) => id);
const stage = openStage(stack, ['api'], donorIds, seed);
let numbers = 0;
let missed: string[];
try {
  const [first = 0, ...next] = hostCounts;
  for (const name of names.slice(first)) await leave(stack, name);
  const stop = playSteadily(stage, storiesPerSecond, () => numbers++);
  await pause(SETTLE_MS);
  const watching = watchEpochs();
  const steps: number[] = [];
  for (const [n, count] of next.entries()) steps.push(await step(hostCounts[n] ?? 0, count));
  await stop();
  const fallen = await watching();
  const conflicts = await ledger.conflicts();
  const failed = failures(stage.seen);
  say(
    `R4 seed ${seed}: ${String(stage.seen.length)} requests, slowest ${slowest(stage.seen).toFixed(0)} ms, ${String(failed.length)} failed; lots written by two: ${String(conflicts)}; epochs that did not rise with their owner: ${String(fallen)}`,
  );
  missed = [
    ...steps.filter((most) => most > MAX_ACTIVATIONS).map((most) => `${String(most)} activations of a cell in a step`),
    ...(conflicts + fallen > 0 ? ['conflicting commits or epochs'] : []),
    ...failed.map(
      ({ kind, status, problem, tookMs }) => `${kind}: ${String(status)} ${problem} after ${tookMs.toFixed(0)} ms`,
    ),
  ];
  for (const line of missed) say(`MISSED ${line}`);
} finally {
  await ledger.close();
  await stage.balancer.close();
  await world.stop();
}
process.exit(missed.length === 0 ? 0 : 1);

/** @returns the most activations of one cell */
async function step(from: number, to: number): Promise<number> {
  const before = await ledger.owners();
  const seenBefore = stage.seen.length;
  const change = to > from ? join : leave;
  await Promise.all(names.slice(Math.min(from, to), Math.max(from, to)).map((name) => change(stack, name)));
  await pause(SETTLE_MS);
  const after = await ledger.owners();
  const grown = [...after].map(([cell, { epoch }]) => epoch - (before.get(cell)?.epoch ?? epoch - 1));
  const moved = [...after].filter(([cell, { owner }]) => before.has(cell) && before.get(cell)?.owner !== owner).length;
  const counts = Map.groupBy(grown, (times) => times);
  const text = [...counts]
    .sort(([a], [b]) => a - b)
    .map(([times, cells]) => `${String(times)}×: ${String(cells.length)}`);
  const most = Math.max(0, ...grown);
  const seen = stage.seen.slice(seenBefore);
  say(
    `${String(from)} → ${String(to)} hosts: ${String(after.size)} cells, ${String(moved)} moved; activations per cell ${text.join(', ')} (goal ≤ ${String(MAX_ACTIVATIONS)}); ` +
      `${String(seen.length)} requests, slowest ${slowest(seen).toFixed(0)} ms, ${String(failures(seen).length)} failed`,
  );
  return most;
}

function slowest(seen: readonly Seen[]): number {
  return Math.max(0, ...seen.map(({ tookMs }) => tookMs));
}

/** Looks at all cells again and again. @returns stops, and tells how often an epoch fell, or an owner changed under one epoch */
function watchEpochs(): () => Promise<number> {
  let isOver = false;
  let fallen = 0;
  const run = async (): Promise<number> => {
    let last = new Map<string, Ownership>();
    while (!isOver) {
      const now = await ledger.owners();
      for (const [cell, { owner, epoch }] of now) {
        const before = last.get(cell);
        if (before !== undefined && (epoch < before.epoch || (epoch === before.epoch && owner !== before.owner)))
          fallen++;
      }
      last = now;
      await pause(WATCH_EVERY_MS);
    }
    return fallen;
  };
  const running = run();
  return () => {
    isOver = true;
    return running;
  };
}
