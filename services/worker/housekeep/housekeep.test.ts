import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { createFolderStore } from '#adapters/objects/folderStore.ts';
import { createDatabaseClock } from '#adapters/postgres/clock.ts';
import { photoKey, savePhoto } from '#adapters/postgres/sql/photos.ts';
import * as housekeeping from '#adapters/postgres/sql/housekeeping.ts';
import { listCommandRegions } from '#adapters/postgres/sql/listRegions.ts';
import { openStage, REGION_ID, type Stage } from '../../../dev/testing/workerStage.ts';
import { housekeep, type HousekeepPorts } from './housekeep.ts';
import { createPhotoCleaner } from './photos.ts';

let stage: Stage;
const folder = mkdtempSync(join(tmpdir(), 'photos-'));
const photos = createFolderStore(folder);
after(() => rmSync(folder, { recursive: true, force: true }));
before(async () => {
  stage = await openStage();
});
after(() => stage.stop());

function ports(): HousekeepPorts {
  const { appPool: pool } = stage;
  return {
    isTimeSure: () => Promise.resolve(true),
    dropDoneOutboxDays: () => housekeeping.dropDoneOutboxDays(pool),
    regions: () => listCommandRegions(pool),
    deleteOldCommands: (region, days, limit) => housekeeping.deleteOldCommands(pool, region, days, limit),
    deleteOldTravelTimes: (days, limit) => housekeeping.deleteOldTravelTimes(pool, days, limit),
    deleteOldSignIns: (table, days, limit) => housekeeping.deleteOldSignIns(pool, table, days, limit),
    deleteOldPhotos: createPhotoCleaner(pool, photos),
    log: pino({ level: 'silent' }),
  };
}

async function count(from: string): Promise<number> {
  const { rows } = await stage.pool.query<{ count: number }>(`select count(*)::int as count from ${from}`);
  return rows[0]?.count ?? -1;
}

test('old command rows and travel times go, in batches; young ones stay', async () => {
  await stage.pool.query(
    `insert into command (geo_region_id, command_id, kind, created_at)
     select $1, 'c' || i, 'wake', now() - case when i < 2500 then interval '8 days' else interval '6 days' end from generate_series(1, 2510) i`,
    [REGION_ID],
  );
  await stage.pool.query(
    `insert into travel_time (from_place, to_place, mode, travel_seconds, measured_at)
     values ('a', 'b', 'auto', 1, now() - interval '40 days'), ('a', 'c', 'auto', 1, now())`,
  );
  await housekeep(ports());
  assert.equal(await count('command'), 11);
  assert.equal(await count('travel_time'), 1);
});

test('what operators sent, and organisations where no food is, goes like the rest', async () => {
  await stage.pool.query(
    `insert into recipient (recipient_id, name, lat, lon, home_region_id, time_zone, categories, storages, hours, travel_mode,
       capacity_grams, daily_capacity_grams, weekly_need_grams)
     values ('far-away', 'R', 0, 0, 77, 'Asia/Jakarta', '{}', '{}', '[]', 'auto', 1, 1, 1)`,
  );
  await stage.pool.query(
    `insert into donor (donor_id, name, lat, lon, home_region_id, time_zone) values ('farther-away', 'D', 0, 0, 78, 'Asia/Jakarta')`,
  );
  await stage.pool.query(
    `insert into command (geo_region_id, command_id, kind, created_at)
     select region, 'o' || region, 'push', now() - interval '8 days' from unnest(array[0, 77, 78]) as region`,
  );
  await housekeep(ports());
  assert.equal(await count('command where geo_region_id in (0, 77, 78)'), 0);
});

test('links, sessions and spent challenges go a month after they were over; the rest, and passkeys, stay', async () => {
  await stage.pool.query(`
    insert into sign_in_link (token_hash, role, subject, expires_at)
      select decode(lpad(i::text, 8, '0'), 'hex'), 'donor', 'kitchen', now() - case when i < 1500 then interval '31 days' else interval '29 days' end
      from generate_series(1, 1501) i;
    insert into session (session_id, role, subject, secret_hash, expires_at) values
      ('old', 'donor', 'kitchen', '\\x00', now() - interval '31 days'), ('young', 'donor', 'kitchen', '\\x00', now());
    insert into spent_challenge values ('\\x00', now() - interval '31 days'), ('\\x01', now());
    insert into passkey (credential_id, role, subject, public_key, sign_count, created_at)
      values ('key', 'donor', 'kitchen', '\\x00', 0, now() - interval '9 years')`);
  await housekeep(ports());
  const left = await Promise.all(['sign_in_link', 'session', 'spent_challenge', 'passkey'].map(count));
  assert.deepEqual(left, [2, 1, 1, 1]);
});

test('partitions are made ahead, and a done day of the outbox is dropped', async () => {
  await stage.pool.query('drop table outbox_' + daysAhead(10));
  await stage.pool
    .query(`select make_partition('outbox', 'YYYYMMDD', date_trunc('day', now() at time zone 'UTC') at time zone 'UTC'
    - interval '5 days', date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' - interval '4 days')`);
  await stage.pool.query(
    `insert into outbox (geo_region_id, created_at, outbox_id, lot_id, lot_version, subject, payload)
     values ($1, now() - interval '5 days', gen_random_uuid(), 'a', 1, 'lot.47.offered', '')`,
    [REGION_ID],
  );
  assert.equal(await housekeeping.ensurePartitions(stage.appPool), 1);
  await housekeep(ports());
  assert.equal(await count(`pg_class where relname = 'outbox_${daysAhead(10)}'`), 1);
  assert.equal(
    await count(`pg_class where relname = 'outbox_${daysAhead(-5)}'`),
    1,
    'something there is not published yet',
  );
  await stage.pool.query('update outbox set published_at = now()');
  await housekeep(ports());
  assert.equal(await count(`pg_class where relname = 'outbox_${daysAhead(-5)}'`), 0);
});

test('a backup that reads for long holds up nobody but the making of partitions, which waits for it', async () => {
  await stage.pool.query('drop table outbox_' + daysAhead(11));
  const reader = await stage.pool.connect();
  await reader.query('begin');
  await reader.query('lock table outbox in access share mode');
  const made = housekeeping.ensurePartitions(stage.appPool);
  let slowestMs = 0;
  for (let n = 0; n < 15; n++) {
    const startedMs = performance.now();
    await stage.appPool.query('select from outbox limit 1');
    slowestMs = Math.max(slowestMs, performance.now() - startedMs);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await reader.query('commit');
  reader.release();
  assert.equal(await made, 1);
  // a turn waits a second for a lock
  assert.ok(slowestMs < 700, `${slowestMs.toFixed(0)} ms`);
});

test('a part that fails does not keep the others from being done', async () => {
  await stage.pool.query(
    "insert into command (geo_region_id, command_id, kind, created_at) values ($1, 'old', 'wake', now() - interval '9 days')",
    [REGION_ID],
  );
  await housekeep({ ...ports(), dropDoneOutboxDays: () => Promise.reject(new Error('locked')) });
  assert.equal(await count("command where command_id = 'old'"), 0);
});

test('while clocks are hours apart nothing goes: what is needed tomorrow may look old', async () => {
  await stage.pool.query(
    "insert into command (geo_region_id, command_id, kind, created_at) values ($1, 'sure', 'wake', now() - interval '9 days')",
    [REGION_ID],
  );
  await housekeep({ ...ports(), isTimeSure: () => Promise.resolve(false) });
  assert.equal(await count("command where command_id = 'sure'"), 1);
  await housekeep(ports());
  assert.equal(await count("command where command_id = 'sure'"), 0);
  const clock = await createDatabaseClock(stage.appPool);
  assert.ok(Math.abs(clock.nowMs() - Date.now()) < 5_000);
  clock.stop();
});

function daysAhead(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
}

test('photos go 40 days after they were taken, the picture and its row; young ones stay', async () => {
  const ids = ['old', 'young', 'lost'];
  for (const id of ids) await savePhoto(stage.appPool, id, 'kitchen', 1);
  for (const id of ids.slice(0, 2)) await photos.put(photoKey('kitchen', id), Buffer.from([1]), 'image/jpeg');
  await stage.pool.query("update photo set created_at = now() - interval '41 days' where photo_id in ('old', 'lost')");
  await housekeep(ports());
  const left = await Promise.all(ids.map((id) => photos.get(photoKey('kitchen', id))));
  assert.deepEqual(
    left.map((picture) => picture !== null),
    [false, true, false],
  );
  assert.equal(await count('photo'), 1);
});
