import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createApi } from '../../services/api/app.ts';
import { createApiMetrics } from '../../services/api/metrics.ts';
import { registerDonor, registerRecipient, startWorld, type World } from './world.ts';

let world: World;
before(async () => {
  world = await startWorld({
    change: (given) => ({ ...given, rateLimits: { donor: 5, recipient: 3, operator: 1_000, address: 4 } }),
  });
  for (const id of ['kitchen', 'bakery']) await registerDonor(world, id);
  await registerRecipient(world, 'shelter');
});
after(() => world.stop());

const list = (as: string) => world.ask('GET', '/v1/surplus', { as });

describe('requests per organisation and minute', () => {
  it('are counted down in headers, then refused with when to come back', async () => {
    for (let left = 4; left >= 0; left--) {
      const reply = await list('donor:kitchen');
      assert.equal(reply.status, 200);
      assert.deepEqual([reply.headers['ratelimit-limit'], reply.headers['ratelimit-remaining']].map(Number), [5, left]);
      assert.ok(Number(reply.headers['ratelimit-reset']) > 0 && Number(reply.headers['ratelimit-reset']) <= 60);
    }
    const over = await list('donor:kitchen');
    assert.deepEqual([over.status, over.body.type], [429, '/docs/errors/rate-limited']);
    assert.ok(Number(over.headers['retry-after']) > 0 && Number(over.headers['retry-after']) <= 60);
    assert.equal(Number(over.headers['ratelimit-remaining']), 0);
  });

  it("are each organisation's own, by role", async () => {
    assert.equal((await list('donor:bakery')).status, 200);
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await list('recipient:shelter')).status);
    assert.deepEqual(statuses, [200, 200, 200, 429]);
    assert.equal((await list('operator')).headers['ratelimit-limit'], '1000');
  });

  it('before anybody is signed in they are counted by address, all sign-in routes together', async () => {
    const paths = ['link', 'refresh', 'passkeys/authentication/options', 'sign-out', 'link'];
    const statuses = [];
    for (const path of paths) {
      const body = path === 'link' ? { body: { token: 'A'.repeat(43) } } : {};
      statuses.push((await world.ask('POST', `/v1/auth/${path}`, body)).status);
    }
    assert.deepEqual(statuses, [401, 401, 200, 204, 429]);
  });

  it('a caller is who it says only behind a proxy of ours', async () => {
    const from = async (address: string): Promise<number> =>
      (await world.ask('POST', '/v1/auth/refresh', { headers: { 'x-forwarded-for': address } })).status;
    assert.equal(await from('192.0.2.1'), 429, 'nobody is behind a proxy here');
    const { app } = await createApi({ ...world.given, metrics: createApiMetrics(), trustedProxies: ['127.0.0.0/8'] });
    const behind = async (address: string): Promise<number> =>
      (await app.inject({ method: 'POST', url: '/v1/auth/refresh', headers: { 'x-forwarded-for': address } }))
        .statusCode;
    assert.equal(await behind('192.0.2.1'), 401);
    for (let i = 0; i < 4; i++) await behind('2001:db8::1');
    assert.equal(await behind('2001:db8::ffff'), 429, 'the same household');
    assert.equal(await behind('2001:db8:0:1::1'), 401, 'the next one');
    assert.equal(await behind('192.0.2.9, 2001:db8::1'), 429, 'what the caller itself writes does not count');
    await app.close();
  });

  it('do not count what is public', async () => {
    for (let i = 0; i < 10; i++)
      assert.equal((await world.ask('GET', '/healthz')).headers['ratelimit-limit'], undefined);
  });

  it('let everybody pass while Redis is away, and say so in a metric', async () => {
    await world.redis.kill();
    for (let i = 0; i < 8; i++) assert.equal((await list('donor:bakery')).status, 200);
    const metrics = await world.ask('GET', '/metrics');
    assert.match(metrics.text, /^api_rate_limit_failures_total [1-9]/m);
    await world.redis.restart();
  });
});
