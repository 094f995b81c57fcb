import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { candidatesAcceptance, recipientAt, reservation } from '../../../test/acceptance/candidates.ts';
import { startRedis, until, type RedisProcess } from '../../../dev/testing/servers.ts';
import { undoing } from '../../../dev/testing/undoing.ts';
import type { Candidates } from '#cell/ports.ts';
import type { Recipient } from '#core/matching/candidate.ts';
import { createCandidates } from './candidates.ts';
import { connectRedis, type RedisConnection } from './connection.ts';
import { beginSets, fillRecipients, putRecipients } from './fill.ts';
import { keysOf } from './keys.ts';

let server: RedisProcess;
let redis: RedisConnection;
let tests = 0;

const undo = undoing();
before(async () => {
  server = undo.after(await startRedis(true), (it) => it.stop());
  redis = undo.after(connectRedis(server.url, { name: 'candidates-test' }), (it) => it.stop());
  await redis.whenReady(5_000);
});
after(() => undo.all());

/** A filled index under a prefix of its own, marked for this server. */
async function filled(
  recipients: readonly Recipient[],
  nowMs = Date.now(),
): Promise<{ candidates: Candidates; prefix: string }> {
  const prefix = `test-${String(++tests)}`;
  const keys = keysOf(prefix);
  await beginSets(redis.client, keys, '1');
  await fillRecipients(
    redis.client,
    keys,
    '1',
    recipients.map((recipient) => ({ recipient, version: '1.1' })),
  );
  await redis.client.set(keys.marker, `${redis.runId() ?? ''} 1`);
  return { candidates: createCandidates({ redis, prefix, clock: { nowMs: () => nowMs } }), prefix };
}

candidatesAcceptance('redis', async (recipients, nowMs) => {
  const { candidates, prefix } = await filled(recipients, nowMs);
  return {
    candidates,
    lose: async () => void (await redis.client.del(keysOf(prefix).marker)),
    stop: () => Promise.resolve(),
  };
});

describe('the redis candidates beyond the port', { concurrency: false }, () => {
  const search = { lat: 60.17, lon: 24.94, radiusMeters: 8_000 };

  it('does not believe a marker of another run_id', async () => {
    const { candidates, prefix } = await filled([recipientAt('a', 1)]);
    await redis.client.set(keysOf(prefix).marker, `${'0'.repeat(40)} 1`);
    assert.equal(await candidates.near([search]), null);
    assert.equal(await candidates.reserve([reservation('a', 1, 1)]), null);
  });

  it('notices FLUSHALL in the very next question', async () => {
    const { candidates } = await filled([recipientAt('a', 1)]);
    assert.equal((await candidates.near([search]))?.[0]?.length, 1);
    await redis.client.flushall();
    assert.equal(await candidates.near([search]), null);
  });

  it('sees changed facts by their version', async () => {
    const { candidates, prefix } = await filled([recipientAt('a', 1)]);
    await candidates.near([search]);
    const changed = recipientAt('a', 1, { name: 'Renamed' });
    await putRecipients(redis, keysOf(prefix), [{ recipient: changed, version: '2.2' }]);
    assert.equal((await candidates.near([search]))?.[0]?.[0]?.name, 'Renamed');
  });

  it('answers null within its time while the server hangs, and goes on after', async () => {
    const { candidates } = await filled([recipientAt('a', 1)]);
    server.pause();
    const started = performance.now();
    assert.equal(await candidates.near([search]), null);
    assert.equal(await candidates.reserve([reservation('a', 1, 1)]), null);
    assert.ok(performance.now() - started < 1_000);
    server.resume();
    await until('it answers again', async () => (await candidates.near([search])) !== null);
  });

  it('stops asking a server that hangs, and asks again soon after it is back', async () => {
    const { candidates } = await filled([recipientAt('a', 1)]);
    server.pause();
    await candidates.near([search]);
    await candidates.near([search]);
    const started = performance.now();
    for (let n = 0; n < 20; n++) assert.equal(await candidates.near([search]), null);
    assert.ok(performance.now() - started < 250, 'nobody waits any more');
    server.resume();
    const resumed = performance.now();
    await until('it answers again', async () => (await candidates.near([search])) !== null);
    assert.ok(performance.now() - resumed < 1_500);
  });

  it('goes on reading from a server that has no room for writes', async () => {
    const { candidates } = await filled([recipientAt('a', 1)]);
    await redis.client.config('SET', 'maxmemory', '1');
    for (let n = 0; n < 4; n++) assert.equal(await candidates.reserve([reservation('a', 1, 1)]), null);
    assert.equal((await candidates.near([search]))?.[0]?.length, 1);
    await redis.client.config('SET', 'maxmemory', '0');
    assert.deepEqual(await candidates.reserve([reservation('a', 1, 1)]), [true]);
  });

  it('does not believe a restarted server that read its snapshot: another run_id', async () => {
    const { candidates, prefix } = await filled([recipientAt('a', 1)]);
    await server.kill('SIGTERM');
    assert.equal(await candidates.near([search]), null);
    assert.equal(await candidates.reserve([reservation('a', 1, 1)]), null);
    await server.restart();
    await redis.whenReady(5_000);
    assert.ok((await redis.client.get(keysOf(prefix).marker)) !== null, 'the snapshot had the marker');
    assert.equal(await candidates.near([search]), null);
  });
});
