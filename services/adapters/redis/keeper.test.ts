import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import pg from 'pg';
import { recipientAt, reservation } from '../../../test/acceptance/candidates.ts';
import { startPostgres, testPool, type PostgresProcess } from '../../../dev/testing/freshDatabase.ts';
import { startRedis, until, type RedisProcess } from '../../../dev/testing/servers.ts';
import { undoing } from '../../../dev/testing/undoing.ts';
import type { Candidates, Near } from '#cell/ports.ts';
import { regionOf, signedIdOf } from '#core/geo/cell.ts';
import type { Recipient } from '#core/matching/candidate.ts';
import { localDay } from '#core/matching/hours.ts';
import {
  cellOf,
  lotIdOf,
  offerIdOf,
  postedAtMsOf,
  type CellToken,
  type OfferId,
  type RecipientId,
} from '#core/words/ids.ts';
import { newUuid } from '../ids/uuid.ts';
import { createCandidates } from './candidates.ts';
import { connectRedis, type RedisConnection } from './connection.ts';
import { createCandidateKeeper, refreshRecipient, type CandidateKeeper } from './keeper.ts';
import { keysOf, type GenerationKeys } from './keys.ts';
import { unreadableRecipients } from './metrics.ts';

const CELL = '46920b5' as CellToken;
const SEARCH = { lat: 60.17, lon: 24.94, radiusMeters: 8_000 };
const SETTLE_MS = 400;
const silent = { info: () => undefined, warn: () => undefined };
const nowMs = (): number => Date.now();

let postgres: PostgresProcess;
let server: RedisProcess;
let owner: pg.Pool;
let pool: pg.Pool;
let redis: RedisConnection;
let keeper: CandidateKeeper;
let candidates: Candidates;
let prefix = '';
let tests = 0;

const undo = undoing();
before(async () => {
  server = undo.after(await startRedis(true), (it) => it.stop());
  postgres = undo.after(await startPostgres(), (it) => it.stop());
  owner = undo.after(testPool(postgres.url), (it) => it.end());
  pool = undo.after(testPool(postgres.appUrl), (it) => it.end());
  redis = undo.after(connectRedis(server.url, { name: 'keeper-test', commandTimeoutMs: 2_000 }), (it) => it.stop());
  await redis.whenReady(5_000);
});
after(() => undo.all());
beforeEach(async () => {
  await owner.query('truncate recipient, offer, recipient_day, cell');
  prefix = `keeper-${String(++tests)}`;
  candidates = createCandidates({ redis, prefix, clock: { nowMs } });
  keeper = keeperOf();
});
afterEach(() => keeper.stop());

function keeperOf(from = pool): CandidateKeeper {
  return createCandidateKeeper({
    pool: from,
    redis,
    prefix,
    log: silent,
    settleMs: SETTLE_MS,
    roundMs: 25,
    sweepMs: 100,
  });
}

async function insertRecipient(recipient: Recipient): Promise<void> {
  await owner.query(
    `insert into recipient (recipient_id, name, lat, lon, home_region_id, time_zone, active, fallback, categories, storages, needs, hours,
       travel_mode, capacity_grams, daily_capacity_grams, weekly_need_grams)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
    [
      recipient.recipientId,
      recipient.name,
      recipient.lat,
      recipient.lon,
      signedIdOf(regionOf(CELL)),
      recipient.timeZone,
      recipient.active,
      recipient.fallback,
      recipient.categories,
      recipient.storages,
      JSON.stringify(recipient.needs),
      JSON.stringify(recipient.hours),
      recipient.travelMode,
      recipient.capacityGrams,
      recipient.dailyCapacityGrams,
      recipient.weeklyNeedGrams,
    ],
  );
}

/** An offer row as a cell would have written it `agoMs` ago. */
async function insertOffer(
  recipientId: string,
  quantityGrams: number,
  state = 'open',
  agoMs = 60_000,
  by: Pick<pg.Client, 'query'> = owner,
): Promise<OfferId> {
  const id = offerIdOf(lotIdOf(CELL, newUuid(nowMs() - agoMs)), 1);
  const lotId = id.slice(0, -2) as Parameters<typeof postedAtMsOf>[0];
  const at = new Date(nowMs() - agoMs).toISOString();
  await by.query(
    `insert into offer (geo_region_id, posted_at, offer_id, lot_id, attempt, recipient_id, recipient_name, state, quantity_grams, deadline,
       distance_meters, travel_seconds, travel_source, reasons, fallback, offered_at, answered_at, code_generation, wrong_codes, time_zone)
     values ($1, $2, $3, $4, 1, $5, 'x', $6, $7, now() + interval '5 minutes', 1, 1, 'estimate', '[]', false, $8, $8, 1, 0, 'Europe/Helsinki')`,
    [
      signedIdOf(regionOf(cellOf(lotId))),
      new Date(postedAtMsOf(lotId)).toISOString(),
      id,
      lotId,
      recipientId,
      state,
      quantityGrams,
      at,
    ],
  );
  return id;
}

async function insertDay(
  recipientId: string,
  grams: number,
  region = signedIdOf(regionOf(CELL)),
  daysAgo = 0,
): Promise<void> {
  const day = localDay('Europe/Helsinki', nowMs() - daysAgo * 86_400_000);
  await owner.query('insert into recipient_day values ($1, $2, $3, $4, 1)', [region, recipientId, day, grams]);
}

async function activateCell(): Promise<void> {
  await owner.query("insert into cell values ($1, $2, 1, 'test') on conflict do nothing", [
    signedIdOf(regionOf(CELL)),
    signedIdOf(CELL),
  ]);
}

/** Somebody within `write_turns` for the cell, who does not come to an end. */
async function writer(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query('begin');
  const cell = [signedIdOf(regionOf(CELL)), signedIdOf(CELL)];
  await client.query('select from cell where geo_region_id = $1 and cell_id = $2 for share', cell);
  return client;
}

/** Where the marker says that counters are. */
async function below(): Promise<GenerationKeys> {
  const marker = await redis.client.get(keysOf(prefix).marker);
  return keysOf(prefix).of(marker?.split(' ')[1] ?? 'none');
}

async function near(id = 'a'): Promise<Near | undefined> {
  const lists = await candidates.near([SEARCH]);
  return lists?.[0]?.find((each) => each.recipientId === id);
}

async function isReady(): Promise<boolean> {
  return (await candidates.near([SEARCH])) !== null;
}

/** A token as a turn left it `agoMs` ago. */
async function plantToken(recipientId: string, offerId: string, grams: number, agoMs: number): Promise<void> {
  const { tokens, counters } = await below();
  await redis.client.hset(tokens(recipientId), offerId, `${String(grams)}:${String(nowMs() - agoMs)}:1`);
  await redis.client.hincrby(counters(recipientId), 'open', grams);
}

describe('candidate keeper: rebuilding', { concurrency: false }, () => {
  it('fills an empty Redis at once where no cell was ever active', async () => {
    await insertRecipient(recipientAt('a', 100));
    await keeper.round();
    assert.deepEqual((await near())?.name, 'Recipient a');
  });

  it('recounts open and claimed offers, and the week of handovers over all regions', async () => {
    await insertRecipient(recipientAt('a', 100));
    await insertOffer('a', 1_000, 'open');
    await insertOffer('a', 2_000, 'claimed');
    await insertOffer('a', 64_000, 'lapsed');
    await insertDay('a', 300);
    await insertDay('a', 30, '42');
    await insertDay('a', 5_000, '42', 6);
    await insertDay('a', 70_000, '42', 7);
    await keeper.round();
    const found = await near();
    assert.deepEqual([found?.openGrams, found?.collectedTodayGrams, found?.collectedWeekGrams], [3_000, 330, 5_330]);
  });

  it('pages through more rows than one statement takes', async () => {
    await owner.query(
      `insert into recipient (recipient_id, name, lat, lon, home_region_id, time_zone, categories, storages, hours, travel_mode,
         capacity_grams, daily_capacity_grams, weekly_need_grams)
       select 'r' || i, 'R', 60.17, 24.94 + i * 0.00001, 1, 'Europe/Helsinki', '{bakery}', '{ambient}', '[]', 'auto', 1, 1, 1
         from generate_series(1, 1203) i`,
    );
    await keeper.round();
    assert.equal(await redis.client.zcard((await below()).geo), 1_203 + 1, 'and the first of the set');
  });

  it('after FLUSHALL waits for the turns in flight before it believes its count', async () => {
    await activateCell();
    await insertRecipient(recipientAt('a', 100));
    keeper.start();
    await until('it is ready', isReady);
    await redis.client.flushall();
    const flushedMs = performance.now();
    assert.equal(await candidates.near([SEARCH]), null);
    assert.equal(await candidates.reserve([reservation('a', 1, 1)]), null);
    // A turn that had reserved before the flush commits now: the recount must hold it.
    await insertOffer('a', 2_500, 'open', 0);
    await until('it is ready again', isReady);
    assert.ok(performance.now() - flushedMs >= SETTLE_MS, 'not before the wait is over');
    assert.equal((await near())?.openGrams, 2_500);
  });

  it('after FLUSHALL waits for a write that hangs, for as long as it does', async (t) => {
    await activateCell();
    await insertRecipient(recipientAt('a', 100));
    keeper.start();
    await until('it is ready', isReady);
    const writing = await writer();
    t.after(() => writing.end());
    await redis.client.flushall();
    await insertOffer('a', 2_500, 'open', 0, writing);
    await new Promise((resolve) => setTimeout(resolve, 2 * SETTLE_MS));
    assert.equal(await candidates.near([SEARCH]), null);
    await writing.query('commit');
    await until('it is ready again', isReady);
    assert.equal((await near())?.openGrams, 2_500);
  });

  it('never goes above the capacity with FLUSHALL under way (invariant 5)', async () => {
    await activateCell();
    await insertRecipient(recipientAt('a', 100));
    keeper.start();
    await until('it is ready', isReady);
    let offered = 0;
    let rounds = 0;
    const turn = async (): Promise<void> => {
      const answer = await candidates.reserve([reservation('a', ++rounds, 700)]);
      if (answer?.[0] !== true) return;
      offered += 700;
      // As a turn would: the write comes a moment after the reservation, under the offer's own id.
      await insertOffer('a', 700, 'open', 0);
    };
    const flushAt = 10;
    for (let i = 0; i < 30; i++) {
      await Promise.all([turn(), turn(), turn(), i === flushAt ? redis.client.flushall() : undefined]);
      if (i === flushAt) await until('it is ready again', isReady);
    }
    assert.ok(offered > 0 && offered <= 10_000, `${String(offered)} g`);
  });

  it('rebuilds after the server was killed and came back empty, or with an old snapshot', async () => {
    await activateCell();
    await insertRecipient(recipientAt('a', 100));
    await insertOffer('a', 1_500);
    keeper.start();
    await until('it is ready', isReady);
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await server.kill(signal);
      assert.equal(await isReady(), false);
      await server.restart();
      await until('it is ready again', isReady);
      assert.equal((await near())?.openGrams, 1_500);
    }
  });

  it('a recount that fails again and again leaves one part of itself, not one each time', async () => {
    await insertRecipient(recipientAt('r1', 100));
    await insertOffer('r1', 1_000);
    let tries = 0;
    const failing = Object.create(pool, {
      query: {
        value: (...asked: Parameters<pg.Pool['query']>) => {
          if (!String((asked[0] as unknown as { text?: string }).text ?? asked[0]).includes('from recipient_day'))
            return pool.query(...asked);
          tries++;
          throw new Error('canceling statement due to statement timeout');
        },
      },
    }) as pg.Pool;
    keeper = keeperOf(failing);
    keeper.start();
    await until('it failed five times', () => tries >= 5);
    await keeper.stop();
    const generations = new Set((await redis.client.keys(`*${prefix}*:t:*`)).map((key) => key.split(':').at(-3)));
    assert.equal(generations.size, 1, [...generations].join());
  });

  it('leaves the keys of its own generation only, and two keepers agree', async () => {
    await activateCell();
    await insertRecipient(recipientAt('a', 100));
    const other = keeperOf();
    keeper.start();
    other.start();
    await until('it is ready', isReady);
    const first = (await below()).geo.replace(/geo$/, '*');
    assert.ok((await redis.client.keys(first)).length > 0);
    await redis.client.del(keysOf(prefix).marker);
    await until('it is ready again', isReady);
    await until('the first generation is gone', async () => (await redis.client.keys(first)).length === 0);
    assert.ok((await redis.client.keys((await below()).geo)).length > 0);
    await other.stop();
  });

  it('waits anew where another keeper restored it meanwhile, and it was lost again', async () => {
    await activateCell();
    await keeper.round();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    await redis.client.del(keysOf(prefix).keeper);
    const other = createCandidateKeeper({ pool, redis, prefix, log: silent, settleMs: 0 });
    await other.round();
    assert.ok(await isReady());
    await redis.client.flushall();
    await keeper.round();
    assert.equal(await isReady(), false, 'turns may have reserved meanwhile');
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    await keeper.round();
    assert.ok(await isReady());
    await other.stop();
  });

  it('one whom PostgreSQL does not let in leaves it to others, after a while', async () => {
    const away = { query: () => Promise.reject(new Error('password authentication failed')) } as unknown as pg.Pool;
    const shutOut = keeperOf(away);
    shutOut.start();
    await until('it has the lock', async () => (await redis.client.exists(keysOf(prefix).keeper)) === 1);
    keeper.start();
    await until('the other one has counted', isReady, 10_000);
    await shutOut.stop();
  });

  it("takes a lock that lasts longer than any: Redis's clock was set back", async () => {
    await redis.client.set(keysOf(prefix).keeper, 'somebody gone', 'PX', 10_000);
    await keeper.round();
    assert.equal(await isReady(), false, 'somebody may be at work');
    await redis.client.pexpire(keysOf(prefix).keeper, 3_600_000);
    await keeper.round();
    assert.ok(await isReady());
  });

  it('starts anew when Redis is flushed under a rebuild', async () => {
    await insertRecipient(recipientAt('a', 100));
    await insertOffer('a', 1_500);
    const flushing = createCandidateKeeper({
      pool: actBefore(pool, 'from recipient_day', () => redis.client.flushall()),
      redis,
      prefix,
      log: silent,
      settleMs: 0,
    });
    await assert.rejects(flushing.round(), /lock went away/);
    assert.equal(await isReady(), false);
    await flushing.round();
    assert.equal((await near())?.openGrams, 1_500);
    await flushing.stop();
  });
});

/** The pool, with something happening once, before a statement is sent. */
function actBefore(real: pg.Pool, statement: string, act: () => Promise<unknown>): pg.Pool {
  let done = false;
  const query = async (text: string, values?: unknown[]): Promise<pg.QueryResult> => {
    if (!done && text.includes(statement)) {
      done = true;
      await act();
    }
    return real.query(text, values);
  };
  return { query } as unknown as pg.Pool;
}

describe('candidate keeper: following and sweeping', { concurrency: false }, () => {
  it('follows changed and new recipients', async () => {
    await insertRecipient(recipientAt('a', 100));
    keeper.start();
    await until('it is ready', isReady);
    await owner.query(
      "update recipient set name = 'Renamed', version = version + 1, updated_at = now() where recipient_id = 'a'",
    );
    await insertRecipient(recipientAt('b', 200));
    await until('the new name is there', async () => (await near())?.name === 'Renamed');
    await until('the new one is there', async () => (await near('b')) !== undefined);
    await owner.query(
      "update recipient set active = false, version = version + 1, updated_at = now() where recipient_id = 'a'",
    );
    await refreshRecipient({ pool, redis, prefix }, 'a');
    assert.equal(await near(), undefined);
  });

  it('a keeper that starts beside a valid index takes in what changed before it came', async () => {
    await insertRecipient(recipientAt('a', 100));
    await keeper.round();
    await owner.query("update recipient set name = 'Renamed', version = 2, updated_at = now() - interval '1 hour'");
    await keeperOf().round();
    assert.equal((await near())?.name, 'Renamed');
  });

  it('frees old tokens without an open offer, and leaves young ones and held ones', async () => {
    await insertRecipient(recipientAt('a', 100));
    await keeper.round();
    const held = await insertOffer('a', 10);
    await plantToken('a', held, 10, 60_000);
    await plantToken('a', await insertOffer('a', 200, 'lapsed'), 200, 60_000);
    await plantToken('a', offerIdOf(lotIdOf(CELL, newUuid(nowMs())), 1), 3_000, 60_000);
    await plantToken('a', offerIdOf(lotIdOf(CELL, newUuid(nowMs())), 1), 40, 5_000);
    await plantToken('a', 'no offer id at all', 5, 60_000);
    // by a clock that was set back since
    await plantToken('a', offerIdOf(lotIdOf(CELL, newUuid(nowMs())), 1), 600, -3_600_000);
    await keeper.sweepNow();
    assert.equal((await near())?.openGrams, 50);
  });

  it('leaves the tokens of a cell while a write there hangs, and frees them once it ended without an offer', async (t) => {
    await insertRecipient(recipientAt('a', 100));
    await keeper.round();
    await activateCell();
    const kept = offerIdOf(lotIdOf(CELL, newUuid(nowMs())), 1);
    const writing = await writer();
    t.after(() => writing.end());
    const grown = await insertOffer('a', 400);
    const written = await insertOffer('a', 200, 'open', 60_000, writing);
    for (const [offer, grams] of [
      [grown, 500],
      [written, 200],
      [kept, 3_000],
    ] as const)
      await plantToken('a', offer, grams, 60_000);
    await keeper.sweepNow();
    assert.equal((await near())?.openGrams, 3_700, 'what hangs may come yet');
    await writing.query('commit');
    await keeper.sweepNow();
    assert.equal((await near())?.openGrams, 600);
  });

  it('leaves a token that a turn renewed while the sweep was looking', async () => {
    await insertRecipient(recipientAt('a', 100));
    await keeper.round();
    const renewed = reservation('a', 1, 3_000);
    await plantToken('a', renewed.offerId, 3_000, 60_000);
    const looking = actBefore(pool, 'from offer where recipient_id', () => candidates.reserve([renewed]));
    await createCandidateKeeper({ pool: looking, redis, prefix, log: silent }).sweepNow();
    assert.equal((await near())?.openGrams, 3_000);
  });

  it('counts a handover whose token is still held', async () => {
    await insertRecipient(recipientAt('a', 100));
    await keeper.round();
    await plantToken('a', await insertOffer('a', 800, 'collected'), 900, 60_000);
    await keeper.sweepNow();
    await keeper.sweepNow();
    const found = await near();
    assert.deepEqual([found?.openGrams, found?.collectedTodayGrams], [0, 800]);
  });

  it("counts it on its offer's day, in a zone that PostgreSQL reads the other way round, and on UTC's where nobody knows it", async () => {
    const zones = { a: '+12:00', b: 'Mars/Base', c: 'Pacific/Kiritimati' };
    for (const id of Object.keys(zones)) await insertRecipient(recipientAt(id, 100));
    await keeper.round();
    for (const [id, zone] of Object.entries(zones)) {
      await plantToken(id, await insertOffer(id, 800, 'collected'), 800, 60_000);
      await owner.query('update offer set time_zone = $2 where recipient_id = $1', [id, zone]);
    }
    await keeper.sweepNow();
    const { rows } = await owner.query<{ answered_at: Date }>('select answered_at from offer order by recipient_id');
    for (const [n, [id, zone]] of Object.entries({ ...zones, b: 'UTC' }).entries()) {
      const day = localDay(zone, rows[n]?.answered_at.getTime() ?? 0);
      assert.equal(await redis.client.hget((await below()).counters(id), day), '800', `${id} ${day}`);
      assert.equal((await near(id))?.openGrams, 0);
    }
  });

  it('counts it once, also while a write hangs in its cell', async (t) => {
    await insertRecipient(recipientAt('a', 100));
    await keeper.round();
    await activateCell();
    await plantToken('a', await insertOffer('a', 800, 'collected'), 800, 60_000);
    await insertDay('a', 800);
    const writing = await writer();
    t.after(() => writing.end());
    await keeper.sweepNow();
    await keeper.sweepNow();
    await writing.query('commit');
    await keeper.sweepNow();
    const found = await near();
    assert.deepEqual([found?.openGrams, found?.collectedTodayGrams], [0, 800]);
  });

  it('gives open and claimed offers without a token one again, of the right size', async () => {
    await insertRecipient(recipientAt('a', 100));
    await keeper.round();
    await insertOffer('a', 100, 'open');
    await insertOffer('a', 2_000, 'claimed');
    await insertOffer('a', 30_000, 'open', 1_000);
    await plantToken('a', await insertOffer('a', 400, 'claimed'), 500, 60_000);
    await keeper.sweepNow();
    assert.equal((await near())?.openGrams, 2_500);
    await keeper.sweepNow();
    assert.equal((await near())?.openGrams, 2_500);
  });

  it('reads single offers and tokens only of those whose number or sum differ', async () => {
    for (const [n, id] of ['a', 'b', 'c', 'd'].entries()) await insertRecipient(recipientAt(id, 100 * (n + 1)));
    await keeper.round();
    for (const id of ['a', 'b', 'c']) await plantToken(id, await insertOffer(id, 400), 400, 60_000);
    await insertOffer('b', 300);
    await plantToken('d', 'of nobody', 100, 60_000);
    const asked: unknown[] = [];
    const query = (text: string, values: unknown[]): unknown => {
      if (text.includes('is_old')) asked.push(values[0]);
      return pool.query(text, values);
    };
    const looking = { query } as unknown as pg.Pool;
    await createCandidateKeeper({ pool: looking, redis, prefix, log: silent }).sweepNow();
    assert.deepEqual(asked[0], ['b', 'd']);
    assert.equal((await near('b'))?.openGrams, 700);
    assert.equal((await near('d'))?.openGrams, 0);
  });

  it('leaves a sum that is right though its tokens are others, and what they come to in the end', async () => {
    await insertRecipient(recipientAt('a', 100));
    await keeper.round();
    const offer = await insertOffer('a', 400);
    await plantToken('a', 'of nobody', 400, 60_000);
    await keeper.sweepNow();
    assert.equal((await near())?.openGrams, 400);
    await owner.query("update offer set state = 'lapsed'");
    await candidates.free([{ recipientId: 'a' as RecipientId, offerId: offer, quantityGrams: 400 }]);
    await keeper.sweepNow();
    assert.equal((await near())?.openGrams, 0);
  });

  it('a row that SQL put in with hours, needs or a zone of no known form is never open, and names itself; others are found', async () => {
    const always = "'[[0, 10080]]'";
    await insertRecipient(recipientAt('a', 100));
    for (const [n, change] of [
      "hours = '{}'",
      "hours = '[[0]]'",
      "needs = '[1]'",
      "time_zone = 'Mars/Base'",
    ].entries()) {
      await insertRecipient(recipientAt(`u${String(n)}`, 200));
      await owner.query(`update recipient set ${change} where recipient_id = $1`, [`u${String(n)}`]);
    }
    await keeper.round();
    assert.equal((await near())?.hours.length, 1);
    const named = async (): Promise<unknown[]> =>
      (await unreadableRecipients.get()).values.map(({ labels }) => labels.recipient);
    for (const id of ['u0', 'u1', 'u2', 'u3']) assert.deepEqual((await near(id))?.hours, [], id);
    assert.deepEqual(await named(), ['u0', 'u1', 'u2', 'u3']);
    await owner.query(
      `update recipient set hours = ${always}, needs = '{}', time_zone = 'Asia/Jakarta', version = 2, updated_at = now()`,
    );
    for (const id of ['u0', 'u1', 'u2', 'u3']) {
      await refreshRecipient({ pool, redis, prefix }, id);
      assert.equal((await near(id))?.hours.length, 1);
    }
    assert.deepEqual(await named(), []);
  });

  it('a row that SQL put in under an id that is none is left out, and names itself; others are found', async () => {
    await insertRecipient(recipientAt('a', 100));
    await insertRecipient(recipientAt('food bank', 200));
    await insertRecipient(recipientAt('c', 300));
    await keeper.round();
    await redis.client.geoadd((await below()).geo, 24.94, 60.17, 'food bank');
    for (let n = 0; n < 3; n++) await keeper.sweepNow();
    const found = await candidates.near([SEARCH]);
    assert.deepEqual(
      found?.[0]?.map(({ recipientId }) => recipientId),
      ['a', 'c'],
    );
    const named = async (): Promise<unknown[]> =>
      (await unreadableRecipients.get()).values.map(({ labels }) => labels.recipient);
    assert.deepEqual(await named(), ['food bank']);
    await owner.query("update recipient set recipient_id = 'bank' where recipient_id = 'food bank'");
    await keeper.sweepNow();
    assert.deepEqual(await named(), []);
  });

  it('what Redis knows of a recipient and is spoilt is asked for once, and counted anew', async () => {
    for (const spoilt of ['{"recipientId": "a", ', 'null', '{"recipientId": "a"}']) {
      await insertRecipient(recipientAt('a', 100));
      await keeper.round();
      await redis.client.set((await below()).facts('a'), spoilt);
      // one that has not read it yet
      const asking = createCandidates({ redis, prefix, clock: { nowMs } });
      assert.equal(await asking.near([SEARCH]), null);
      await keeper.sweepNow();
      await keeper.sweepNow();
      await keeper.round();
      assert.equal((await asking.near([SEARCH]))?.[0]?.length, 1, spoilt);
      await owner.query('truncate recipient');
      await redis.client.del(keysOf(prefix).marker);
    }
  });

  it("corrects a day's grams only when they stay different", async () => {
    await insertRecipient(recipientAt('a', 100));
    await keeper.round();
    await insertDay('a', 700);
    await keeper.sweepNow();
    assert.equal((await near())?.collectedTodayGrams, 0);
    await keeper.sweepNow();
    assert.equal((await near())?.collectedTodayGrams, 700);
  });
});

describe('candidate keeper: single keys that are gone while the marker stays', { concurrency: false }, () => {
  /** What is lost, or spoilt; each by itself. */
  const losses: Record<string, () => Promise<unknown>> = {
    'the places of all': async () => redis.client.del((await below()).geo),
    "a recipient's place": async () => redis.client.zrem((await below()).geo, 'a'),
    'what is known of a recipient': async () => redis.client.del((await below()).facts('a')),
    "a recipient's counters": async () => redis.client.del((await below()).counters('a')),
    "a recipient's tokens": async () => redis.client.del((await below()).tokens('a')),
    'the sum of the tokens': async () => redis.client.hdel((await below()).counters('a'), 'open'),
    'an old version of it': async () => redis.client.hset((await below()).counters('a'), 'v', '0.1'),
    'facts of another type': async () => {
      const key = (await below()).facts('a');
      await redis.client.del(key);
      await redis.client.lpush(key, 'no text');
    },
    'places of another type': async () => redis.client.set((await below()).geo, 'no set'),
  };
  for (const [what, lose] of Object.entries(losses)) {
    it(`${what}: noticed by the second sweep, and counted anew`, async () => {
      await insertRecipient(recipientAt('a', 100));
      await insertRecipient(recipientAt('b', 200));
      await keeper.round();
      const offer = await insertOffer('a', 500);
      await plantToken('a', offer, 500, 60_000);
      await lose();
      await keeper.sweepNow();
      assert.ok(await redis.client.get(keysOf(prefix).marker), 'it may be under way');
      await keeper.sweepNow();
      assert.equal(await candidates.near([SEARCH]), null, 'nothing is believed any more');
      await keeper.round();
      assert.equal((await near())?.openGrams, 500);
      await until('the new one is there', async () => (await near('b')) !== undefined);
    });
  }

  for (const set of ['geo', 'fallback'] as const) {
    it(`the set ${set}: nobody is told that nobody is there, though some came back in meanwhile`, async () => {
      await insertRecipient(recipientAt('a', 100));
      await insertRecipient(recipientAt('f', 200, { fallback: true }));
      await keeper.round();
      await redis.client.del((await below())[set]);
      const ask = { geo: () => candidates.near([SEARCH]), fallback: () => candidates.fallbacks(SEARCH) };
      assert.equal(await ask[set](), null);
      await refreshRecipient({ pool, redis, prefix }, 'a');
      await refreshRecipient({ pool, redis, prefix }, 'f');
      assert.equal(await ask[set](), null, 'who is in it came since');
      await keeper.round();
      await keeper.round();
      assert.deepEqual(
        [(await near())?.recipientId, (await candidates.fallbacks(SEARCH))?.[0]?.recipientId],
        ['a', 'f'],
      );
    });
  }

  it('the sets of a host of an older version, which began none: all are put in, and it is believed', async () => {
    await insertRecipient(recipientAt('a', 100));
    await keeper.round();
    const marker = await redis.client.get(keysOf(prefix).marker);
    for (const set of ['geo', 'fallback'] as const) await redis.client.zrem((await below())[set], '-');
    await keeperOf().round();
    assert.equal(await redis.client.get(keysOf(prefix).marker), marker);
    assert.equal((await near())?.recipientId, 'a');
  });

  it('a recipient that changes while the sweep looks is not missing, nor one that nobody is to find', async () => {
    await insertRecipient(recipientAt('a', 100));
    await insertRecipient({ ...recipientAt('b', 200), active: false });
    await keeper.round();
    for (let change = 0; change < 3; change++) {
      await owner.query("update recipient set version = version + 1, updated_at = now() where recipient_id = 'a'");
      await keeper.sweepNow();
    }
    assert.ok((await near()) !== undefined);
  });

  /** Not noticed by a look at what is there, but by what errs. */
  const foreign: Record<string, () => Promise<string>> = {
    'the marker': () => Promise.resolve(keysOf(prefix).marker),
    'the lock': () => Promise.resolve(keysOf(prefix).keeper),
    "a recipient's counters": async () => (await below()).counters('a'),
  };
  for (const [what, key] of Object.entries(foreign)) {
    it(`${what} of another type: all is counted anew`, async () => {
      await insertRecipient(recipientAt('a', 100));
      await insertOffer('a', 500);
      await insertDay('a', 70);
      keeper.start();
      await until('it is ready', isReady);
      const spoilt = await key();
      await redis.client.del(spoilt);
      await redis.client.lpush(spoilt, 'of another');
      await until('it is no list any more', async () => (await redis.client.type(spoilt)) !== 'list', 5_000);
      await until('it is whole', async () => (await near())?.openGrams === 500, 5_000);
    });
  }

  it('a count begins at nothing, whatever was lost and whatever stayed', async () => {
    await insertRecipient(recipientAt('a', 100));
    await insertOffer('a', 500);
    const ended = await insertOffer('a', 300);
    await keeper.round();
    // counters are gone, and what is given back falls below nothing: nobody reads that any more
    const { counters } = await below();
    await redis.client.del(counters('a'));
    await candidates.free([{ recipientId: 'a' as RecipientId, offerId: ended, quantityGrams: 300 }]);
    await owner.query("update offer set state = 'lapsed' where offer_id = $1", [ended]);
    assert.equal(await redis.client.hget(counters('a'), 'open'), '-300');
    const stays = (key: string): boolean => /:\d+:/.test(key);
    for (const key of await redis.client.keys(`{${prefix}}:*`)) if (!stays(key)) await redis.client.del(key);
    await keeper.round();
    assert.equal((await near())?.openGrams, 500);
  });

  it('without counters a recipient is given nothing', async () => {
    await insertRecipient(recipientAt('a', 100));
    await keeper.round();
    await redis.client.del((await below()).counters('a'));
    assert.deepEqual(await candidates.reserve([reservation('a', 1, 1)]), [false]);
  });
});
