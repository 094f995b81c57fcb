import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Registry } from 'prom-client';
import { insertLot, openStage, REGION_ID, type Stage } from '../../../dev/testing/workerStage.ts';
import { until } from '../../../dev/testing/loopServers.ts';
import { newUuid } from '../ids/uuid.ts';
import { watchLedger } from './watchLedger.ts';

let stage: Stage;
before(async () => {
  stage = await openStage();
});
after(() => stage.stop());

async function valueOf(registry: Registry, name: string, than?: string): Promise<number> {
  const { values } = (await registry.getSingleMetric(name)?.get()) ?? { values: [] };
  return values.find(({ labels }) => labels['than'] === than)?.value ?? NaN;
}

test('shows what waits in the outbox and which lots are overdue, and counts the seconds of it', async () => {
  const registry = new Registry();
  const stop = watchLedger(registry, stage.appPool);
  const is = (name: string, value: number, than?: string): Promise<void> =>
    until(`${name} is ${String(value)}`, async () => (await valueOf(registry, name, than)) === value, 5_000);
  try {
    await until('it looks ahead', async () => (await registry.metrics()).includes('ledger_partitions_reach_days{'));
    assert.match(await registry.metrics(), /ledger_partitions_reach_days\{table="outbox"\} 13\./);
    await until('it watches', async () => (await valueOf(registry, 'ledger_watched_seconds_total')) > 0);
    assert.equal(await valueOf(registry, 'outbox_unpublished_rows'), 0);
    assert.equal(await valueOf(registry, 'outbox_oldest_seconds'), 0);
    await insertLot(stage.pool, { dueInMs: -30_000 });
    await insertLot(stage.pool, { dueInMs: 30_000 });
    await stage.pool.query(
      `insert into outbox (geo_region_id, created_at, outbox_id, lot_id, lot_version, subject, payload)
       values ($1, now() - interval '90 seconds', $2, 'a', 1, 'lot.47.offered', 'x'), ($1, now(), $3, 'a', 2, 'lot.47.offered', 'x')`,
      [REGION_ID, newUuid(Date.now()), newUuid(Date.now())],
    );
    await is('lots_overdue', 1, '5s');
    await is('lots_overdue', 0, '60s');
    await is('outbox_unpublished_rows', 2);
    const oldest = await valueOf(registry, 'outbox_oldest_seconds');
    assert.ok(oldest >= 90 && oldest < 100, String(oldest));
    assert.equal(await valueOf(registry, 'ledger_overdue_seconds_total'), 0);
    await insertLot(stage.pool, { dueInMs: -61_000 });
    await is('lots_overdue', 1, '60s');
    await until('bad seconds count', async () => (await valueOf(registry, 'ledger_overdue_seconds_total')) > 0.9);
    const bad = await valueOf(registry, 'ledger_overdue_seconds_total');
    assert.ok((await valueOf(registry, 'ledger_watched_seconds_total')) > bad);
  } finally {
    await stop();
  }
});

test('while PostgreSQL does not answer nothing is watched', async () => {
  const registry = new Registry();
  let asked = 0;
  const silent = { query: () => (asked++, Promise.reject(new Error('gone'))) } as never;
  const stop = watchLedger(registry, silent);
  await until('it asks again', () => asked >= 2, 5_000);
  await stop();
  assert.equal(await valueOf(registry, 'ledger_watched_seconds_total'), 0);
});
