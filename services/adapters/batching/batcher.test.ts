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
): { add: (key: string, item: number, isUrgent?: boolean) => void; flown: Flight[] } {
  const flown: Flight[] = [];
  const { add } = createBatcher<string, number>({
    maxInFlight,
    maxBatch,
    run: (key, batch) => new Promise((land) => void flown.push({ key, batch, land })),
  });
  return { add, flown };
}

/** What is landed leaves again in the next turn of the event loop. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
};

it('what comes in one turn of the event loop leaves together; the next batch gathers while the last is away', async () => {
  const { add, flown } = flights(8);
  add('a', 1);
  await settle();
  for (const item of [2, 3, 4, 5]) add('a', item);
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
  await settle();
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

it('what is urgent goes first, and takes its key to the front', async () => {
  const { add, flown } = flights(1, 2);
  add('a', 1);
  await settle();
  for (const key of ['b', 'c']) add(key, 1);
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
  await settle();
  assert.deepEqual(flown, [[1], [2, 3], [4]], 'after its rest it goes at once again');
});

it('a batch that stays away is overtaken after a while, within what may be in flight', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const flown: Flight[] = [];
  const run = (key: string, batch: readonly number[]): Promise<void> =>
    new Promise((land) => void flown.push({ key, batch, land }));
  const { add } = createBatcher<string, number>({ maxInFlight: 2, maxBatch: 10, overtakeMs: 50, run });
  const batches = (): (readonly number[])[] => flown.map(({ batch }) => batch);
  const pass = async (ms: number): Promise<void> => {
    t.mock.timers.tick(ms);
    await settle();
  };
  add('a', 1);
  await settle();
  add('a', 2);
  await pass(49);
  assert.deepEqual(batches(), [[1]]);
  await pass(1);
  assert.deepEqual(batches(), [[1], [2]]);
  add('a', 3);
  await pass(60);
  assert.deepEqual(batches(), [[1], [2]], 'two are away, and that is all that may be');
  flown[0]?.land();
  await settle();
  assert.deepEqual(batches(), [[1], [2], [3]]);
  await pass(30);
  for (const flight of flown.slice(1)) flight.land();
  add('a', 4);
  await settle();
  assert.deepEqual(batches().at(-1), [4]);
  add('a', 5);
  await pass(20);
  assert.deepEqual(
    batches().at(-1),
    [4],
    'what came back in time leaves no clock behind: the one of [3] would ring now',
  );
  await pass(30);
  assert.deepEqual(batches().at(-1), [5]);
});
