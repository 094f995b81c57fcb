import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { startRedis, type RedisProcess } from '../../../dev/testing/servers.ts';
import { undoing } from '../../../dev/testing/undoing.ts';
import { connectRedis, type RedisConnection } from './connection.ts';
import { createRequestCounter } from './countRequest.ts';

const WINDOW_MS = 60_000;

let server: RedisProcess;
let redis: RedisConnection;

const undo = undoing();
before(async () => {
  server = undo.after(await startRedis(true), (it) => it.stop());
  redis = undo.after(connectRedis(server.url, { name: 'count-test' }), (it) => it.stop());
  await redis.whenReady(5_000);
});
after(() => undo.all());

it('of requests that are counted together each key has its own count, and a key that comes again its next', async () => {
  const count = createRequestCounter(redis.client, 'together:');
  const keys = Array.from({ length: 250 }, (_, n) => `donor:${String(n % 100)}`);
  const counted = await Promise.all(keys.map((key) => count(key, WINDOW_MS)));
  const expected = keys.map((_, n) => Math.floor(n / 100) + 1);
  assert.deepEqual(
    counted.map(([n]) => n),
    expected,
  );
  assert.ok(counted.every(([, leftMs]) => leftMs > WINDOW_MS - 5_000 && leftMs <= WINDOW_MS));
});

it('a counter that lasts longer than its window is of before the server set its clock back: it begins anew', async () => {
  const count = createRequestCounter(redis.client, 'jump:');
  for (let n = 0; n < 3; n++) await count('a', 1_000);
  await redis.client.pexpire('jump:a', 3_600_000);
  assert.deepEqual(await count('a', 1_000), [1, 1_000]);
  await redis.client.persist('jump:a');
  assert.deepEqual(await count('a', 1_000), [1, 1_000]);
  assert.equal((await count('a', 1_000))[0], 2);
});

it('processes count in the same place, each window anew', async () => {
  const [one, other] = [createRequestCounter(redis.client, 'both:'), createRequestCounter(redis.client, 'both:')];
  assert.equal((await one('a', 200))[0], 1);
  assert.equal((await other('a', 200))[0], 2);
  await new Promise((resolve) => setTimeout(resolve, 250));
  assert.equal((await one('a', 200))[0], 1);
});

it('a server that has forgotten the script is told it again', async () => {
  const count = createRequestCounter(redis.client, 'forgotten:');
  await count('a', WINDOW_MS);
  await redis.client.script('FLUSH');
  assert.equal((await count('a', WINDOW_MS))[0], 2);
});
