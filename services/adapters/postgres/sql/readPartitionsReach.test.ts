import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openStage, type Stage } from '../../../../dev/testing/workerStage.ts';
import { ensurePartitions } from './housekeeping.ts';
import { readPartitionsReach } from './readPartitionsReach.ts';

let stage: Stage;
before(async () => {
  stage = await openStage();
});
after(() => stage.stop());

async function daysOf(table: string): Promise<number> {
  const reach = await readPartitionsReach(stage.appPool);
  assert.deepEqual(
    reach.map((each) => each.table),
    ['lot', 'matching_history', 'offer', 'outbox'],
  );
  return reach.find((each) => each.table === table)?.days ?? NaN;
}

/** The outbox's partition so many days from now. */
async function drop(days: number): Promise<void> {
  const { rows } = await stage.pool.query<{ name: string }>(
    `select 'outbox_' || to_char((now() + $1 * interval '1 day') at time zone 'UTC', 'YYYYMMDD') as name`,
    [days],
  );
  for (const { name } of rows) await stage.pool.query(`drop table ${name}`);
}

test('partitions reach to the first moment that has none', async () => {
  assert.ok((await daysOf('lot')) > 60);
  const whole = await daysOf('outbox');
  assert.ok(whole > 13 && whole <= 14, String(whole));
  await drop(13);
  assert.ok((await daysOf('outbox')) <= 13);
  await drop(2);
  const untilGap = await daysOf('outbox');
  assert.ok(untilGap > 1 && untilGap <= 2, String(untilGap));
  await drop(0);
  assert.equal(await daysOf('outbox'), 0);
  for (const table of ['lot', 'offer', 'matching_history']) assert.ok((await daysOf(table)) > 60, table);
  assert.ok((await ensurePartitions(stage.appPool)) >= 3);
  assert.ok((await daysOf('outbox')) > 13);
});
