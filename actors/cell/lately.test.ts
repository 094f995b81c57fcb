import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLately } from './lately.ts';
import type { Candidates, Search } from './ports.ts';

function scene() {
  const asked: number[] = [];
  let nowMs = 1_000;
  let isReady = true;
  const near: Candidates['near'] = (searches) => {
    asked.push(searches.length);
    return Promise.resolve(isReady ? searches.map(() => []) : null);
  };
  const lately = createLately({ candidates: { near } as unknown as Candidates, clock: { nowMs: () => nowMs } });
  return { asked, lately, pass: (ms: number) => (nowMs += ms), lose: () => (isReady = false) };
}
const at = (lat: number): Search => ({ lat, lon: 24.9, radiusMeters: 3_000 });

test('what was read a moment ago is not read again; what is older is', async () => {
  const { asked, lately, pass } = scene();
  await lately([at(60.1)]);
  pass(200);
  assert.equal((await lately([at(60.1), at(60.2)]))?.length, 2);
  assert.deepEqual(asked, [1, 1]);
  pass(100);
  await lately([at(60.1), at(60.2)]);
  assert.deepEqual(asked, [1, 1, 1], 'the older one only');
});

test('what was read before the clock went back is read again', async () => {
  const { asked, lately, pass } = scene();
  await lately([at(60.1)]);
  pass(-3_600_000);
  await lately([at(60.1)]);
  await lately([at(60.1)]);
  assert.deepEqual(asked, [1, 1]);
});

test('Redis not ready is not remembered', async () => {
  const { asked, lately, lose } = scene();
  lose();
  assert.equal(await lately([at(60.1)]), null);
  assert.equal(await lately([at(60.1)]), null);
  assert.equal(asked.length, 2);
});
