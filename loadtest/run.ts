/** `make bench`, `make bench-quick`: starts a stack of its own, measures ours and what it is compared with in one run, prints, writes. */
import { parseArgs } from 'node:util';
import type { Measured } from './measure.ts';
import { journeys } from './journeys.ts';
import { pgbench } from './pgbench.ts';
import type { Results } from './benchResults.ts';
import { brokenPromises, commit, printResults, writeResults } from './report.ts';
import { emptyActor, herd, posts, relayAlone, type Bench, type Relayed } from './scenarios.ts';
import { matchQuality } from './matchQuality.ts';
import { spotsInWide } from './wide.ts';
import { startWorld, type World } from './world.ts';

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, seed: { type: 'string', default: '1' } },
});
const { quick, seed } = values;
const say = (line: string): void => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);

async function measureAll(
  bench: Bench,
): Promise<Pick<Results, 'measured' | 'pgbench' | 'relay' | 'journeys' | 'bytesPerPost'>> {
  const { world } = bench;
  const long = (seconds: number, short: number): number => (quick ? short : seconds);
  // Code gets faster as it runs: the figures that matter most come last.
  await posts(bench, { name: 'warm-up', seconds: long(15, 6) });
  const measured: Measured[] = [];
  const add = async (one: Promise<Measured>): Promise<void> => void measured.push(await one);
  await add(posts(bench, { name: 'P4 one cell', cells: 1, seconds: long(15, 4) }));
  await add(posts(bench, { name: 'P4 20 cells', cells: 20, seconds: long(15, 4) }));
  await add(posts(bench, { name: 'P2 steady', seconds: long(30, 8), rate: 500 }));
  const people = await journeys(bench, 50, long(20, 6));
  await add(herd(bench, 10));
  await add(posts(bench, { name: 'P1 saturation', seconds: long(30, 8) }));
  // at once: a box's speed changes within minutes, and their ratio is what says something
  const rows = await pgbench(world, 64, long(15, 4));
  say(`pgbench, the same rows: ${rows.perSecond.toFixed(0)}/s`);
  if (!quick) await add(posts(bench, { name: 'P1 saturation, wide', seconds: 30, connections: 2_000 }));
  if (!quick) await add(goal(bench));
  await add(emptyActor(bench, 200, long(10, 3)));
  if (!quick) await add(emptyActor(bench, 1, 10));
  if (!quick) await add(wide(bench));
  const relay: Relayed | null = await relayAlone(bench, long(10, 3));
  await world.stack.process('baseline').start();
  await posts(bench, { name: 'baseline warm-up', seconds: long(5, 2), service: 'baseline' });
  await add(posts(bench, { name: 'baseline', seconds: long(30, 5), service: 'baseline' }));
  return { measured, pgbench: rows, relay, journeys: people, bytesPerPost: await bytesPerPost(world) };
}

const STORED = `select sum(pg_total_relation_size(c.oid)) / (select count(*) from public.lot) as bytes
  from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
    and c.relname ~ '^(lot|offer|matching_history|outbox|command)(_|$)'`;

async function bytesPerPost({ db }: World): Promise<number> {
  const { rows } = await db.query<{ bytes: string }>(STORED);
  return Math.round(Number(rows[0]?.bytes));
}

async function wide(bench: Bench): Promise<Measured> {
  const spots = await spotsInWide(bench.world, 2_000);
  await bench.world.signIn();
  return await posts(bench, { name: 'P4 2,000 cells', spots, seconds: 30 });
}

/** What the issue asks of one 2-core box, generator included. */
async function goal(bench: Bench): Promise<Measured> {
  await bench.world.signIn();
  return await posts(bench, { name: 'goal: 5,000/s', seconds: 60, rate: 5_000 });
}

async function main(world: World): Promise<void> {
  const [startedAt, startedFrom] = [new Date().toISOString(), commit()];
  const bench: Bench = { world, seed, say, watch: { schema: 'public', catchUpWithinMs: quick ? 15_000 : 120_000 } };
  const results: Results = {
    command: quick ? 'make bench-quick' : 'make bench',
    seed,
    startedAt,
    commit: startedFrom,
    ...(await measureAll(bench)),
    matching: await matchQuality(quick ? 1 : 5, seed),
  };
  printResults(results);
  console.log(`\n${writeResults(results, quick ? 'results/tmp' : 'results')}`);
  // How fast a box is, is its own affair; what was lost, or got no offer, is ours.
  if (brokenPromises(results).length > 0) {
    console.error(brokenPromises(results).join('\n'));
    process.exitCode = 1;
  }
}

const world = await startWorld(say);
try {
  await main(world);
} finally {
  await world.stop();
}
