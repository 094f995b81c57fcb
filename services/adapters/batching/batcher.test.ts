import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createBatcher } from './batcher.ts';

interface Flight {
  readonly key: string;
  readonly batch: readonly number[];
  readonly land: () => void;
}

function flights(
  maxInFlight: number,
  maxBatch = 3,
  groupOf?: (key: string) => string,
): { add: (key: string, item: number, isUrgent?: boolean) => void; flown: Flight[] } {
  const flown: Flight[] = [];
  const { add } = createBatcher<string, number>({
    maxInFlight,
    maxBatch,
    ...(groupOf ? { groupOf } : {}),
    run: (key, batch) => new Promise((land) => void flown.push({ key, batch, land })),
  });
  return { add, flown };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('alone, an item leaves at once; the next batch gathers while the last is away', async () => {
  const { add, flown } = flights(8);
  for (const item of [1, 2, 3, 4, 5]) add('a', item);
  assert.deepEqual(
    flown.map(({ batch }) => batch),
    [[1]],
  );
  flown[0]?.land();
  await settle();
  assert.deepEqual(
    flown.map(({ batch }) => batch),
    [[1], [2, 3, 4]],
  );
  flown[1]?.land();
  await settle();
  assert.deepEqual(flown[2]?.batch, [5]);
});

it('never more in flight than allowed, and no key starves', async () => {
  const { add, flown } = flights(2);
  for (let item = 0; item < 4; item++) for (const key of ['a', 'b', 'c']) add(key, item);
  assert.deepEqual(
    flown.map(({ key }) => key),
    ['a', 'b'],
  );
  flown[0]?.land();
  await settle();
  assert.deepEqual(
    flown.map(({ key }) => key),
    ['a', 'b', 'c'],
  );
  flown[1]?.land();
  await settle();
  assert.equal(flown[3]?.key, 'a');
});

const byLetter = (key: string): string => key[0] ?? '';
const keysOf = (flown: readonly Flight[]): string[] => flown.map(({ key }) => key);

it('keys of one group leave together, even over the cap, and groups take turns', async () => {
  const { add, flown } = flights(1, 3, byLetter);
  for (const key of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2']) add(key, 1);
  assert.deepEqual(keysOf(flown), ['a1'], 'alone, a key leaves at once');
  flown[0]?.land();
  await settle();
  assert.deepEqual(keysOf(flown.slice(1)), ['a2', 'a3', 'a4']);
  for (const key of ['a1', 'a2', 'a3', 'a4']) add(key, 2);
  for (const flight of flown.slice(1)) flight.land();
  await settle();
  assert.deepEqual(keysOf(flown.slice(4)), ['b1', 'b2']);
  for (const flight of flown.slice(4)) flight.land();
  await settle();
  assert.deepEqual(keysOf(flown.slice(6)), ['a1', 'a2', 'a3', 'a4']);
});

it('a group leaves again when half of it is back; few that hang, and what is urgent, wait for nobody', async () => {
  const { add, flown } = flights(9, 3, byLetter);
  const eight = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8'];
  for (let n = 0; n < 9; n++) add(`b${String(n)}`, 1);
  for (const key of eight) add(key, 1);
  for (const flight of flown.slice(0, 9)) flight.land();
  await settle();
  assert.deepEqual(keysOf(flown.slice(9)), eight);
  add('a9', 1);
  add('a0', 1, true);
  for (const flight of flown.slice(9, 12)) flight.land();
  await settle();
  assert.deepEqual(keysOf(flown.slice(17)), ['a0'], 'five of eight are away');
  flown[12]?.land();
  await settle();
  assert.deepEqual(keysOf(flown.slice(18)), ['a9']);
  for (const key of ['c1', 'c2', 'c3']) add(key, 1);
  assert.deepEqual(keysOf(flown.slice(19)), ['c1', 'c2', 'c3'], 'so few hold nobody up');
});

it('what is urgent goes first, and takes its key to the front', async () => {
  const { add, flown } = flights(1, 2);
  for (const key of ['a', 'b', 'c']) add(key, 1);
  for (const item of [2, 3]) add('c', item);
  add('c', 9, true);
  flown[0]?.land();
  await settle();
  assert.deepEqual([flown[1]?.key, flown[1]?.batch], ['c', [9, 1]]);
  flown[1]?.land();
  await settle();
  assert.equal(flown[2]?.key, 'b', 'the rest of its key waits in line again');
});

it('a key that is paced goes at once when it comes seldom; what follows soon is gathered', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const flown: (readonly number[])[] = [];
  const run = (_: string, batch: readonly number[]): Promise<void> => Promise.resolve(void flown.push(batch));
  const { add } = createBatcher<string, number>({ maxInFlight: 8, maxBatch: 10, paceMs: 60, run });
  const pass = async (ms: number): Promise<void> => {
    t.mock.timers.tick(ms);
    await settle();
  };
  add('a', 1);
  await settle();
  for (const item of [2, 3]) add('a', item);
  // A rest is counted from when the batch began: some of its 60 ms have gone by.
  await pass(30);
  assert.deepEqual(flown, [[1]]);
  await pass(30);
  assert.deepEqual(flown, [[1], [2, 3]]);
  await pass(60);
  add('a', 4);
  assert.deepEqual(flown, [[1], [2, 3], [4]], 'after its rest it goes at once again');
});
