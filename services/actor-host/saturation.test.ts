import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_WAITING_POSTS } from '#cell/cell.ts';
import { keepWindow, type Sample, saturationOf, saturationRatio } from './saturation.ts';

const calm = { lentMs: 0, inUse: 0, waiting: 0, max: 8 };
function sampleAt(atMs: number, change: Partial<Sample> = {}): Sample {
  return { atMs, eventLoop: { active: 0, idle: atMs }, pool: calm, cells: new Map(), ...change };
}
const close = (actual: number, expected: number): void => assert.ok(Math.abs(actual - expected) < 1e-9, String(actual));

test('nothing seen, or a single look, is no saturation', () => {
  assert.equal(saturationRatio(saturationOf([])), 0);
  assert.equal(saturationRatio(saturationOf([sampleAt(0)])), 0);
});

test('the event loop: active time by all time, over the whole window', () => {
  const samples = [
    sampleAt(0, { eventLoop: { active: 1_000, idle: 9_000 } }),
    sampleAt(15_000, { eventLoop: { active: 13_000, idle: 12_000 } }),
  ];
  close(saturationOf(samples).eventLoop, 0.8);
  close(saturationRatio(saturationOf(samples)), 0.8);
});

test('the database pool: the time its connections were lent, whatever a look happens to see', () => {
  const samples = [
    sampleAt(0, { pool: { ...calm, lentMs: 500 } }),
    sampleAt(1_000, { pool: { ...calm, lentMs: 4_500, inUse: 8, waiting: 40 } }),
    sampleAt(2_000, { pool: { ...calm, lentMs: 8_500 } }),
  ];
  close(saturationOf(samples).databasePool, 0.5);
});

test('a pool that gets no connections is full once somebody waits for them all', () => {
  const away = { ...calm, waiting: 40 };
  close(saturationOf([sampleAt(0), sampleAt(1_000, { pool: away })]).databasePool, 0.5);
  close(saturationOf([sampleAt(0, { pool: away }), sampleAt(1_000, { pool: away })]).databasePool, 1);
});

test('the turn queues: of those in use, what is full; a cell that rests does not count', () => {
  const resting = { waiting: 0, busyMs: 10, commands: 5 };
  const samples = [0, 1_000].map((atMs) =>
    sampleAt(atMs, {
      cells: new Map([
        ['full', { waiting: MAX_WAITING_POSTS, busyMs: atMs, commands: atMs }],
        ['working', { waiting: 0, busyMs: 0, commands: 1 + atMs / 1_000 }],
        ['resting', resting],
      ]),
    }),
  );
  // the first look sees only `full` at work, the second `working` too
  close(saturationOf(samples).turnQueues, (1 + 0.5) / 2);
  assert.equal(saturationOf(samples).fullestQueue, 1);
});

test('one busy cell is seen, and is no saturation of the host', () => {
  const samples = [
    sampleAt(0, { cells: new Map([['b', { waiting: 0, busyMs: 100, commands: 10 }]]) }),
    sampleAt(10_000, {
      cells: new Map([
        ['a', { waiting: 0, busyMs: 9_000, commands: 90 }],
        ['b', { waiting: 0, busyMs: 300, commands: 20 }],
      ]),
    }),
  ];
  const seen = saturationOf(samples);
  close(seen.busiestCell, 0.9);
  close(seen.busiestShare, 0.9);
  assert.equal(saturationRatio(seen), 0);
});

test('it rises under load, falls within fifteen seconds after it, and stays from 0 to 1', () => {
  let samples: Sample[] = [];
  let [active, lentMs] = [0, 0];
  const ratios: number[] = [];
  for (let second = 0; second <= 60; second++) {
    const isBusy = second > 20 && second <= 40;
    if (isBusy) active += 1_000;
    if (isBusy) lentMs += 8_000;
    const eventLoop = { active, idle: second * 1_000 - active };
    const pool = { lentMs, inUse: isBusy ? 8 : 0, waiting: isBusy ? 100 : 0, max: 8 };
    samples = keepWindow([...samples, sampleAt(second * 1_000, { eventLoop, pool })], second * 1_000);
    assert.ok(samples.length <= 17, `${String(samples.length)} samples are kept`);
    ratios.push(saturationRatio(saturationOf(samples)));
  }
  assert.ok(ratios.every((ratio) => ratio >= 0 && ratio <= 1));
  assert.deepEqual([ratios[20], ratios[40], ratios[57]], [0, 1, 0]);
  assert.ok((ratios[30] ?? 0) > 0.6);
});

test('a process that was stopped compares with its last look before', () => {
  const samples = keepWindow([sampleAt(0), sampleAt(60_000)], 60_000);
  assert.deepEqual(
    samples.map(({ atMs }) => atMs),
    [0, 60_000],
  );
});
