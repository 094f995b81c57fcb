import assert from 'node:assert/strict';
import { it } from 'node:test';
import { connect } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import { freshDatabase, testPool } from './freshDatabase.ts';
import { startRedis } from './servers.ts';
import { testServers } from './testServers.ts';

it('gives each caller a migrated database of its own', async () => {
  const [one, other] = await Promise.all([freshDatabase(), freshDatabase()]);
  const pools = [testPool(one.ownerUrl), testPool(other.appUrl)] as const;
  await pools[0].query("insert into region (geo_region_id, token) values (1, 'x')");
  assert.equal((await pools[1].query('select from region')).rowCount, 0);
  assert.equal(
    (await pools[1].query<{ current_user: string }>('select current_user')).rows[0]?.current_user,
    'pahlawan_app',
  );
  await Promise.all(pools.map((pool) => pool.end()));
  await Promise.all([one.drop(), other.drop()]);
});

it('fails when a pool was not ended', async () => {
  const database = await freshDatabase();
  const pool = testPool(database.appUrl);
  pool.on('error', () => undefined);
  await pool.query("set application_name = 'forgotten'");
  await assert.rejects(database.drop(), /not ended.*forgotten/);
  await pool.end();
});

it('shares Redis and NATS', async () => {
  const servers = await testServers();
  const redis = new Redis(servers.redisUrl);
  assert.equal(await redis.ping(), 'PONG');
  redis.disconnect();
  const nats = await connect({ servers: servers.natsUrl });
  await nats.flush();
  await nats.close();
});

it('a Redis that keeps has what it held after kill and restart; one that does not has nothing', async () => {
  for (const keeps of [true, false]) {
    const server = await startRedis(keeps);
    const before = new Redis(server.url);
    await before.set('word', 'held');
    before.disconnect();
    await server.kill('SIGTERM');
    await server.restart();
    const again = new Redis(server.url);
    assert.equal(await again.get('word'), keeps ? 'held' : null);
    again.disconnect();
    await server.stop();
  }
});
