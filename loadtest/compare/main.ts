/**
 * `make compare BASE=HEAD~1 LOADS='500/s 512' ROUNDS=3 SECONDS=12`: this tree and another commit, each in a stack of its own, under the same loads
 * by turns. On a box whose speed goes up and down only that tells them apart.
 */
import { join } from 'node:path';
import { endSignal, untilEnd } from '../../dev/stack/ending.ts';
import { CHECKOUT } from '../../dev/stack/tools.ts';
import type * as scenarios from '../scenarios.ts';
import type * as world from '../world.ts';
import { figuresOf, meansOf, ratioOf, rounded, type Figures } from './figures.ts';
import { loadsOf, type NamedLoad } from './loads.ts';
import { layOut } from './trees.ts';

const { BASE, LOADS, ROUNDS, SECONDS } = process.env;
const base = BASE || 'HEAD';
const loads = loadsOf(LOADS || '200/s 500/s 512');
const rounds = wholeOf('ROUNDS', ROUNDS || '3');
const seconds = wholeOf('SECONDS', SECONDS || '12');
/** Code gets faster as it runs, tables get their plans: before the first round, too, which is not counted. */
const WARM_UP = { name: 'warm-up', seconds: 15 };
const say = (line: string): void => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);

interface Side {
  readonly name: string;
  /** tokens last a quarter of an hour: before each round */
  readonly signIn: () => Promise<void>;
  readonly run: (load: scenarios.Load) => Promise<Figures>;
  readonly stop: () => Promise<void>;
}

function wholeOf(name: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new RangeError(`${name} is a whole number above 0, not "${text}".`);
  return Number(text);
}

/** The bench makes idempotency keys of the name. */
function inRound(load: NamedLoad, round: number): scenarios.Load {
  const inThis = (name: string): string => `${name} round ${String(round)}`.replaceAll(/[^\w ]/g, '-');
  const { name, repeatOf } = load;
  return { ...load, seconds, name: inThis(name), ...(repeatOf === undefined ? {} : { repeatOf: inThis(repeatOf) }) };
}

/** With the tree's own bench: its stack, its services, its generator. */
async function startSide(name: string, dir: string): Promise<Side> {
  const { startWorld } = (await import(join(dir, 'loadtest', 'world.ts'))) as typeof world;
  const { posts } = (await import(join(dir, 'loadtest', 'scenarios.ts'))) as typeof scenarios;
  const ours = await startWorld(say, { withCompared: false, signal: endSignal() });
  const bench: scenarios.Bench = {
    world: ours,
    seed: '1',
    say: (line) => say(`${name}: ${line}`),
    watch: { schema: 'public', catchUpWithinMs: 60_000 },
  };
  return {
    name,
    signIn: () => ours.signIn(),
    run: async (load) => figuresOf(await posts(bench, load)),
    stop: () => ours.stop(),
  };
}

async function compare(sides: readonly Side[]): Promise<void> {
  for (const { run } of sides) await run(WARM_UP);
  const found = new Map<string, Figures[]>();
  for (let round = 0; round <= rounds; round++) {
    await Promise.all(sides.map(({ signIn }) => signIn()));
    for (const load of loads) {
      // who goes first, goes second in the next round
      for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
        const key = `${load.name} ${side.name}`;
        const figures = await side.run(inRound(load, round));
        if (round > 0) found.set(key, [...(found.get(key) ?? []), figures]);
      }
    }
  }
  print(sides, found);
}

function print(sides: readonly Side[], found: ReadonlyMap<string, readonly Figures[]>): void {
  const rows: Record<string, Figures> = {};
  for (const load of loads) {
    const means = sides.map(({ name }) => meansOf(found.get(`${load.name} ${name}`) ?? []));
    sides.forEach(({ name }, n) => (rows[`${load.name} ${name}`] = rounded(means[n] ?? {})));
    rows[`${load.name} by ${sides[0]?.name ?? ''}`] = rounded(ratioOf(means[0] ?? {}, means[1] ?? {}));
  }
  console.log(
    `\nMeans of ${String(rounds)} rounds of ${String(seconds)} s. Times of CPU are of one post, in ms; the rest of a row's sum is of sidecars and the like.`,
  );
  console.table(rows);
}

const other = layOut(base);
const sides: Side[] = [];
try {
  sides.push(await untilEnd(startSide(base, other.dir)));
  sides.push(await untilEnd(startSide('this', CHECKOUT)));
  await compare(sides);
} finally {
  await Promise.all(sides.map((side) => side.stop()));
  other.remove();
}
