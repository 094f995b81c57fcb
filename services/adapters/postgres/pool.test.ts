import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { freshDatabase, type FreshDatabase } from '../../../dev/testing/freshDatabase.ts';
import { until } from '../../../dev/testing/until.ts';
import { createDatabaseClock } from './clock.ts';
import { createPool, type Pool } from './pool.ts';

let database: FreshDatabase;
before(async () => {
  database = await freshDatabase();
});
after(() => database.drop());

/** The same pool, connecting another way. */
function connecting(pool: Pool, connect: () => Promise<unknown>): Pool {
  return new Proxy(pool, {
    get: (target, name) => (name === 'connect' ? connect : (Reflect.get(target, name) as unknown)),
  });
}

test('a lent connection that breaks fails its query, not the process', async () => {
  const [pool, other] = [createPool(database.appUrl, 'lent', 2), createPool(database.url, 'killer', 1)];
  const lent = await pool.connect();
  const { rows } = await lent.query<{ pid: number }>('select pg_backend_pid() as pid');
  const ended = new Promise<void>((resolve) => lent.once('end', resolve));
  await other.query('select pg_terminate_backend($1::int)', [rows[0]?.pid]);
  await ended;
  await assert.rejects(lent.query('select 1'));
  lent.release(true);
  assert.equal((await pool.query<{ one: number }>('select 1 as one')).rows[0]?.one, 1);
  await Promise.all([pool.end(), other.end()]);
});

test('the clock waits until PostgreSQL answers', async () => {
  const pool = createPool(database.appUrl, 'clock', 1);
  const lent = await pool.connect();
  let tries = 0;
  const away = connecting(pool, () => (tries++ < 2 ? Promise.reject(new Error('away')) : pool.connect()));
  const starting = createDatabaseClock(away);
  lent.release();
  const clock = await starting;
  assert.equal(tries, 3);
  assert.ok(Math.abs(clock.nowMs() - Date.now()) < 5_000);
  clock.stop();
  await pool.end();
});

test('with patience for a while only, it goes by its own time until PostgreSQL tells another', async () => {
  const pool = createPool(database.appUrl, 'clock', 1);
  let isAway = true;
  const away = connecting(pool, () => (isAway ? Promise.reject(new Error('away')) : pool.connect()));
  const clock = await createDatabaseClock(away, 50);
  assert.ok(Math.abs(clock.nowMs() - Date.now()) < 100);
  isAway = false;
  await until('it has asked', () => Promise.resolve(pool.totalCount === 1 && pool.idleCount === 1), 5_000);
  assert.ok(Math.abs(clock.nowMs() - Date.now()) < 5_000);
  clock.stop();
  await pool.end();
});

test('asked for the time by many at once, PostgreSQL is asked once; later once more', async () => {
  const pool = createPool(database.appUrl, 'clock', 4);
  let asked = 0;
  const counted = connecting(pool, () => {
    asked++;
    return pool.connect();
  });
  const clock = await createDatabaseClock(counted);
  await Promise.all(Array.from({ length: 100 }, () => clock.sample()));
  await clock.sample();
  assert.equal(asked, 3);
  clock.stop();
  await pool.end();
});

test('an answer that was long on its way, there or back, is not taken for the time, but a clock that jumped is', async () => {
  const pool = createPool(database.appUrl, 'clock', 1);
  let [beforeMs, afterMs, jumpMs] = [0, 0, 0];
  const heldUp = connecting(pool, async () => {
    const client = await pool.connect();
    const query = async (text: string): Promise<unknown> => {
      await pause(beforeMs);
      const { rows } = await client.query<{ now_ms: number }>(text);
      await pause(afterMs);
      return { rows: rows.map(({ now_ms }) => ({ now_ms: now_ms + jumpMs })) };
    };
    return { query, release: (broken?: Error) => client.release(broken) };
  });
  afterMs = 300;
  const starting = createDatabaseClock(heldUp);
  await pause(150);
  afterMs = 0;
  const clock = await starting;
  const aheadMs = (): number => Math.abs(clock.nowMs() - Date.now() - jumpMs);
  assert.ok(aheadMs() < 60, 'the first one');
  for (const late of [
    [600, 0],
    [0, 600],
  ] as const) {
    [beforeMs, afterMs] = late;
    await clock.sample();
    assert.ok(aheadMs() < 60, `${String(late)}: ${String(aheadMs())}`);
  }
  [beforeMs, afterMs, jumpMs] = [0, 200, 3_600_000];
  await clock.sample();
  assert.ok(aheadMs() <= 160, `${String(aheadMs())} after the jump`);
  clock.stop();
  await pool.end();
});
