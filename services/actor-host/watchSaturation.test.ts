import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { createPool } from '#adapters/postgres/pool.ts';
import { freshDatabase } from '../../dev/testing/freshDatabase.ts';
import { watchSaturation } from './watchSaturation.ts';

/** Its only connection is lent in short pieces, as turns do; until just after a look. @returns for which share of the time */
async function lendSeldom(pool: ReturnType<typeof createPool>): Promise<number> {
  const beganMs = performance.now();
  let lentMs = 0;
  while (performance.now() - beganMs < 2_050) {
    const askedMs = performance.now();
    await pool.query('select pg_sleep(0.02)');
    lentMs += performance.now() - askedMs;
    await pause(20);
  }
  return lentMs / (performance.now() - beganMs);
}

async function databasePool(registry: Registry): Promise<number> {
  const text = await registry.metrics();
  return Number(/part_ratio\{part="database-pool"\} (\S+)/.exec(text)?.[1]);
}

test('the only connection, lent in short pieces, makes the share of the time for which it was lent', async (t) => {
  const database = await freshDatabase();
  const pool = createPool(database.appUrl, 'saturation', 1);
  t.after(() => pool.end().then(() => database.drop()));
  const registry = new Registry();
  watchSaturation(registry, { loads: () => new Map() }, pool);
  const lent = await lendSeldom(pool);
  const seen = await databasePool(registry);
  assert.ok(lent > 0.1 && Math.abs(seen - lent) < 0.1, `${String(seen)} of ${String(lent)}`);
});
