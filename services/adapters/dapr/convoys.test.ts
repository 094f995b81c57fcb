import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createConvoys } from './convoys.ts';

interface Call {
  readonly items: readonly string[];
  readonly land: () => void;
}

/** Cells are named by their region and a number; items by their cell and a number. */
function calls(maxAway: number, maxItems: number) {
  const flown: Call[] = [];
  const convoys = createConvoys<string, string, string>({
    maxAway,
    overtakeMs: 50,
    maxItems,
    groupOf: (cell) => cell[0],
    run: (items) => new Promise((land) => void flown.push({ items, land })),
  });
  const add = (items: string, { host = 'one', isUrgent = false } = {}): void => {
    for (const item of items.split(' ')) convoys.add(host, item.slice(0, 2), item, isUrgent);
  };
  return { add, flown, told: () => flown.map(({ items }) => items.join(' ')) };
}

/** What is landed leaves again in the next turn of the event loop. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
};

it('what comes at once leaves together, whatever its cell; the next call gathers while the last is away', async () => {
  const { add, flown, told } = calls(1, 10);
  add('a1.1 b1.1');
  await settle();
  assert.deepEqual(told(), ['a1.1 b1.1']);
  for (const item of ['a1.2', 'c1.1', 'b1.2']) {
    add(item);
    await settle();
  }
  assert.equal(flown.length, 1);
  flown[0]?.land();
  await settle();
  assert.deepEqual(told()[1], 'a1.2 c1.1 b1.2');
  flown[1]?.land();
  await settle();
  assert.equal(flown.length, 2, 'nothing waits, nothing leaves');
});

it('each host has its own calls: one that hangs holds up nobody else', async () => {
  const { add, told } = calls(1, 10);
  for (const item of ['a1.1', 'a1.2']) {
    add(item);
    await settle();
  }
  assert.deepEqual(told(), ['a1.1'], 'no more than allowed');
  add('b1.1', { host: 'two' });
  await settle();
  assert.deepEqual(told(), ['a1.1', 'b1.1']);
});

it('a call that is full does not wait for the last; what is left of it does', async () => {
  const { add, flown, told } = calls(2, 3);
  add('a1.1');
  await settle();
  add('a1.2 a1.3');
  await settle();
  assert.deepEqual(told(), ['a1.1']);
  add('a1.4 a1.5');
  await settle();
  assert.deepEqual(told(), ['a1.1', 'a1.2 a1.3 a1.4']);
  flown[0]?.land();
  await settle();
  assert.equal(flown.length, 2);
  flown[1]?.land();
  await settle();
  assert.deepEqual(told().slice(2), ['a1.5']);
});

it('a call that takes long is overtaken, within what may be away at once', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { add, flown, told } = calls(2, 10);
  const pass = async (ms: number): Promise<void> => {
    t.mock.timers.tick(ms);
    await settle();
  };
  add('a1.1');
  await settle();
  add('a1.2');
  await pass(49);
  assert.deepEqual(told(), ['a1.1']);
  await pass(1);
  assert.deepEqual(told(), ['a1.1', 'a1.2']);
  add('a1.3');
  await pass(60);
  assert.deepEqual(told(), ['a1.1', 'a1.2'], 'two are away, and that is all that may be');
  flown[0]?.land();
  await settle();
  assert.deepEqual(told().slice(2), ['a1.3']);
});

it('whose turn it is goes with its region; nobody waits longer for that than the oldest', async () => {
  const { add, flown, told } = calls(1, 4);
  add('z1.1');
  await settle();
  add('a1.1 b1.1 a2.1 b2.1 a3.1');
  flown[0]?.land();
  await settle();
  assert.equal(told()[1], 'a1.1 a2.1 a3.1 b1.1');
  add('a1.2 b1.2');
  flown[1]?.land();
  await settle();
  assert.equal(told()[2], 'b2.1 b1.2 a1.2');
});

it('the many of one cell leave room for the few of its neighbour', async () => {
  const { add, flown } = calls(1, 64);
  add('a1.0');
  await settle();
  for (let n = 1; n <= 60; n++) add(`a1.${String(n)}`);
  add('a2.1');
  flown[0]?.land();
  await settle();
  assert.equal(flown[1]?.items.length, 61);
  assert.equal(flown[1].items.indexOf('a2.1'), 32);
});

it('but half of them go first when they are that many, in as many calls as it takes', async () => {
  const { add, flown } = calls(1, 64);
  add('a1.0');
  await settle();
  for (let n = 1; n <= 200; n++) add(`a1.${String(n)}`);
  add('a2.1');
  for (let call = 0; call < 4; call++) {
    flown[call]?.land();
    await settle();
  }
  const order = flown.flatMap(({ items }) => items);
  assert.equal(order.indexOf('a2.1'), 1 + 100);
  assert.deepEqual(
    order.filter((item) => item !== 'a2.1'),
    Array.from({ length: 201 }, (_, n) => `a1.${String(n)}`),
  );
  assert.deepEqual(
    flown.map(({ items }) => items.length),
    [1, 64, 64, 64, 9],
  );
});

it('once a crowd has gone nobody waits longer than three rounds, however full their cell was', async () => {
  const { add, flown } = calls(1, 64);
  const cameAt = new Map<string, number>();
  /** Four fifths for twenty cells, the rest for thirty. */
  const come = (count: number): void => {
    for (let n = 0; n < count; n++) {
      const number = cameAt.size;
      const region = number % 5 === 0 ? 'cde'.charAt(number % 3) : 'ab'.charAt(number % 2);
      const item = `${region}${String(Math.floor(number / 7) % 10)}.${String(number)}`;
      cameAt.set(item, flown.length);
      add(item);
    }
  };
  come(2_560);
  const waited: number[] = [];
  for (let call = 1; call <= 300; call++) {
    await settle();
    const last = flown.at(-1);
    if (call > 200) for (const item of last?.items ?? []) waited.push(call - (cameAt.get(item) ?? 0));
    // From then on 640 wait: ten calls are a round.
    if (cameAt.size - call * 64 < 640) come(64);
    last?.land();
  }
  assert.ok(Math.max(...waited) <= 30, `${String(Math.max(...waited))} calls`);
});

it('what is urgent leaves first, and takes only the room it needs', async () => {
  const { add, flown, told } = calls(1, 3);
  add('a1.1');
  await settle();
  add('b1.1 b1.2 b1.3');
  add('c1.1', { isUrgent: true });
  flown[0]?.land();
  await settle();
  assert.equal(told()[1], 'c1.1 b1.1 b1.2');
});
