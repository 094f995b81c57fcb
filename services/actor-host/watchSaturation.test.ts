import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { createPool } from '#adapters/postgres/pool.ts';
import { freshDatabase } from '../../dev/testing/freshDatabase.ts';
import { watchSaturation } from './watchSaturation.ts';

/** Its only connection is lent in short pieces, as turns do. */
async function lendSeldom(pool: ReturnType<typeof createPool>): Promise<void> {
  for (let n = 0; n < 40; n++) {
    await pool.query('select pg_sleep(0.02)');
    await pause(20);
  }
}

async function databasePool(registry: Registry): Promise<number> {
  const text = await registry.metrics();
  return Number(/part_ratio\{part="database-pool"\} (\S+)/.exec(text)?.[1]);
}

test('the only connection, lent for half of the time in short pieces, makes half', async (t) => {
  const database = await freshDatabase();
  const pool = createPool(database.appUrl, 'saturation', 1);
  t.after(() => pool.end().then(() => database.drop()));
  const registry = new Registry();
  watchSaturation(registry, { loads: () => new Map() }, pool);
  await lendSeldom(pool);
  const half = await databasePool(registry);
  assert.ok(half > 0.3 && half < 0.75, String(half));
});
