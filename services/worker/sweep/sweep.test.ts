import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { signedIdOf } from '#core/geo/cell.ts';
import { lotIdOf, type CellToken, type LotId } from '#core/words/ids.ts';
import { findDueLots } from '#adapters/postgres/sql/findDueLots.ts';
import { findLatestEvents } from '#adapters/postgres/sql/findLatestEvents.ts';
import { findUnprovenOffers } from '#adapters/postgres/sql/findUnprovenOffers.ts';
import { listRegions } from '#adapters/postgres/sql/listRegions.ts';
import { joinMembers } from '#adapters/postgres/sql/members.ts';
import { LOTS } from '#adapters/nats/streams.ts';
import { newUuid } from '#adapters/ids/uuid.ts';
import {
  CELL,
  insertLot,
  insertOffer,
  notingCells,
  openStage,
  REGION,
  REGION_ID,
  type Stage,
} from '../../../dev/testing/workerStage.ts';
import { createResend, timesDue } from './resend.ts';
import { shareOf } from './shares.ts';
import { createSweep, type Sweep, type SweepPorts } from './sweep.ts';

const OTHER_CELL = '47a2f1d' as CellToken;

let stage: Stage;
before(async () => {
  stage = await openStage();
});
after(() => stage.stop());
afterEach(() => stage.clear());

function sweepWith(cells: SweepPorts['cells'], change: Partial<SweepPorts> = {}): Sweep {
  const { appPool: pool } = stage;
  return createSweep({
    cells,
    regions: () => listRegions(pool),
    dueLots: (region, limit, except) => findDueLots(pool, region, limit, except),
    members: () => joinMembers(pool, 'sweep', 'me', 5_000),
    me: 'me',
    resend: () => Promise.resolve(),
    log: { warn: () => undefined },
    meters: { onWake: () => undefined, onOverdue: () => undefined },
    ...change,
  });
}

test('wakes the cells of what is due, the longest due first, and of nothing else', async () => {
  const later = await insertLot(stage.pool, { dueInMs: -1_000 });
  const first = await insertLot(stage.pool, { dueInMs: -60_000, version: 7 });
  await insertLot(stage.pool, { dueInMs: 60_000 });
  const cells = notingCells();
  let overdue = new Map<string, number>();
  const onOverdue = (byRegion: ReadonlyMap<string, number>): void => void (overdue = new Map(byRegion));
  await sweepWith(cells, { meters: { onWake: () => undefined, onOverdue } }).round();
  assert.deepEqual(
    cells.told.map((command) => [command.kind, command.id, command.fingerprint]),
    [
      ['wake', `wake:${first}:7`, null],
      ['wake', `wake:${later}:2`, null],
    ],
  );
  assert.deepEqual([...overdue], [[REGION_ID, 1]]);
  await sweepWith(cells, {
    members: () => Promise.resolve(['another']),
    meters: { onWake: () => undefined, onOverdue },
  }).round();
  assert.deepEqual([...overdue], [], 'whose it is now counts it');
});

test('a lot that was told to wait while the clock was ahead is woken, not in an hour', async () => {
  const lost = await insertLot(stage.pool, { dueInMs: 3_600_000, state: 'posted' });
  await insertLot(stage.pool, { dueInMs: 2_000, state: 'posted' });
  const ofLater = await insertLot(stage.pool, { dueInMs: 3_610_000, state: 'rematching' });
  await stage.pool.query(`update lot set posted_at = now() + interval '1 hour' where lot_id = $1`, [ofLater]);
  await insertLot(stage.pool, { dueInMs: 3_600_000, state: 'rematching' });
  await insertLot(stage.pool, { dueInMs: 3_600_000 });
  const cells = notingCells();
  await sweepWith(cells).round();
  assert.deepEqual(
    cells.told.map((command) => command.id),
    [`wake:${lost}:2`, `wake:${ofLater}:2`],
  );
});

test('a cell that lets calls wait is asked once a round, and holds up no other', async () => {
  await insertLot(stage.pool, { dueInMs: -1_000, cell: OTHER_CELL });
  for (let n = 0; n < 40; n++) await insertLot(stage.pool, { dueInMs: -60_000 });
  let [asked, othersAtMs] = [0, Infinity];
  const startedMs = performance.now();
  const send: SweepPorts['cells']['send'] = async (cell, command, { deadlineMs } = {}) => {
    if (cell === OTHER_CELL) othersAtMs = performance.now() - startedMs;
    else {
      asked++;
      await pause(deadlineMs);
      throw new Error(`${command.id} had no answer`);
    }
    return { ok: true } as never;
  };
  await sweepWith({ send }).round();
  assert.deepEqual([asked, othersAtMs < 1_000], [1, true]);
  assert.ok(performance.now() - startedMs < 5_000);
});

test('however much is due in a cell that fails, what is due in others has its turn', async () => {
  const silent = Array.from({ length: 600 }, () => ({
    lotId: lotIdOf(CELL, newUuid(Date.now())),
    version: 1,
    overdueMs: 60_000,
  }));
  const live = { lotId: lotIdOf(OTHER_CELL, newUuid(Date.now())), version: 1, overdueMs: 1_000 };
  let woken = 0;
  const send: SweepPorts['cells']['send'] = (cell) => {
    if (cell === CELL) return Promise.reject(new Error('it fails'));
    woken++;
    return Promise.resolve({ ok: true } as never);
  };
  const sweep = sweepWith(
    { send },
    {
      regions: () => Promise.resolve([REGION_ID]),
      dueLots: (_, limit, except) =>
        Promise.resolve([...(except.includes(signedIdOf(CELL)) ? [] : silent), live].slice(0, limit)),
    },
  );
  await sweep.round();
  await sweep.round();
  assert.equal(woken, 1);
});

test('what can’t be read of one region, or beside the cells that fail, holds up nobody else; and overdue lots are told', async () => {
  const lots = Array.from({ length: 500 }, () => ({
    lotId: lotIdOf(CELL, newUuid(Date.now())),
    version: 1,
    overdueMs: 60_000,
  }));
  let [isWell, woken, overdue] = [false, 0, new Map<string, number>()];
  const sweep = sweepWith(
    {
      send: () => {
        if (!isWell) return Promise.reject(new Error('it fails'));
        woken++;
        return Promise.resolve({ ok: true } as never);
      },
    },
    {
      regions: () => Promise.resolve(['1', REGION_ID]),
      dueLots: async (region, _, except) => {
        if (region === '1') throw new Error('this region can’t be read');
        await pause(20);
        if (except.length > 0) throw new Error('it took too long');
        return lots;
      },
      meters: { onWake: () => undefined, onOverdue: (byRegion) => void (overdue = new Map(byRegion)) },
    },
  );
  await assert.rejects(sweep.round(), /can’t be read/);
  assert.deepEqual([...overdue], [[REGION_ID, 500]]);
  isWell = true;
  await assert.rejects(sweep.round());
  assert.equal(woken, 500);
});

test('a cell that does not answer is asked again in the next round', async () => {
  await insertLot(stage.pool);
  const cells = notingCells();
  cells.away = 1;
  const sweep = sweepWith(cells);
  await sweep.round();
  assert.equal(cells.told.length, 0);
  await sweep.round();
  assert.equal(cells.told.length, 1);
});

test('while a wake is on its way the lot is not woken again', async () => {
  await insertLot(stage.pool);
  const told: string[] = [];
  let answer = (): void => undefined;
  const slow: SweepPorts['cells'] = {
    send: (_cell, command) => {
      told.push(command.id);
      return new Promise((resolve) => {
        answer = () => {
          resolve({ ok: true, surplus: null, offer: null });
        };
      });
    },
  };
  const sweep = sweepWith(slow);
  const first = sweep.round();
  while (told.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await sweep.round();
  assert.equal(told.length, 1);
  answer();
  await first;
});

test('regions are shared: each has one worker, all workers agree, and only the regions of one that leaves move', () => {
  const regions = Array.from({ length: 300 }, (_, index) => String(index * 1_000_003));
  const three = regions.map((region) => shareOf(['a', 'b', 'c'], region));
  const counts = ['a', 'b', 'c'].map((name) => three.filter((each) => each === name).length);
  assert.ok(Math.min(...counts) > 60, String(counts));
  const two = regions.map((region) => shareOf(['a', 'c'], region));
  regions.forEach((_, index) => {
    if (three[index] !== 'b') assert.equal(two[index], three[index]);
  });
});

test('a worker leaves the regions of the others alone', async () => {
  await insertLot(stage.pool);
  const cells = notingCells();
  const owner = shareOf(['me', 'other'], REGION_ID);
  await sweepWith(cells, { members: () => Promise.resolve(['me', 'other']) }).round();
  assert.equal(cells.told.length, owner === 'me' ? 1 : 0);
});

/** @returns its id */
async function insertEvent(lotId: LotId, isPublished = true, version = 2): Promise<string> {
  const eventId = newUuid(Date.now());
  await stage.pool.query(
    `insert into outbox (geo_region_id, outbox_id, lot_id, lot_version, subject, payload, published_at)
     values ($1, $2, $3, $6, $4, 'the event', case when $5 then now() end)`,
    [REGION_ID, eventId, lotId, `lot.${REGION}.offered`, isPublished, version],
  );
  return eventId;
}

test('an open offer without proof goes out again three times at most, once however many look', async () => {
  assert.deepEqual([4_999, 5_000, 14_000, 15_000, 50_000, 100_000].map(timesDue), [0, 1, 1, 2, 3, 3]);
  let resent = 0;
  const resender = (): ((region: string) => Promise<void>) =>
    createResend({
      unproven: (region, ages, limit) => findUnprovenOffers(stage.appPool, region, ages, limit),
      latestEvents: (region, lotIds) => findLatestEvents(stage.appPool, region, lotIds),
      publish: stage.publish,
      onResent: () => resent++,
    });
  const lotId = await insertLot(stage.pool);
  const eventId = await insertEvent(lotId);
  const offerId = await insertOffer(stage.pool, lotId, { agedMs: 1_000 });
  const [one, two] = [resender(), resender()];
  const age = async (agedMs: number): Promise<void> => {
    await stage.pool.query(`update offer set offered_at = now() - $2 * interval '1 millisecond' where offer_id = $1`, [
      offerId,
      agedMs,
    ]);
    for (const look of [one, two, one, two]) await look(REGION_ID);
  };
  await age(1_000);
  assert.equal(resent, 0);
  for (const [agedMs, times] of [
    [6_000, 1],
    [20_000, 2],
    [60_000, 3],
    [100_000, 3],
    [200_000, 3],
  ] as const) {
    await age(agedMs);
    assert.equal(resent, times, `at ${String(agedMs)} ms`);
  }
  const { state } = await stage.bus.jsm.streams.info(LOTS);
  assert.equal(state.messages, 3);
  const message = await stage.bus.jsm.streams.getMessage(LOTS, { seq: state.first_seq });
  assert.equal(message?.header.get('Nats-Msg-Id'), `${eventId}:again:1`);
});

test('the next offer of a lot is sent again as the first one was', async () => {
  const resent: string[] = [];
  const resend = createResend({
    unproven: (region, ages, limit) => findUnprovenOffers(stage.appPool, region, ages, limit),
    latestEvents: (region, lotIds) => findLatestEvents(stage.appPool, region, lotIds),
    publish: ({ id }) => {
      resent.push(id);
      return Promise.resolve({ stored: true, duplicate: false });
    },
    onResent: () => undefined,
  });
  const lotId = await insertLot(stage.pool);
  for (const attempt of [1, 2]) {
    const eventId = await insertEvent(lotId, true, attempt + 1);
    await stage.pool.query(`update offer set state = 'lapsed' where lot_id = $1`, [lotId]);
    const offerId = await insertOffer(stage.pool, lotId, { agedMs: 1_000, attempt });
    for (const agedMs of [6_000, 20_000, 60_000]) {
      await stage.pool.query(
        `update offer set offered_at = now() - $2 * interval '1 millisecond' where offer_id = $1`,
        [offerId, agedMs],
      );
      await resend(REGION_ID);
    }
    assert.deepEqual(
      resent.splice(0),
      [1, 2, 3].map((times) => `${eventId}:again:${String(times)}`),
    );
  }
});

test('a proved offer, a closed one, or one the relay has yet to publish is not sent again', async () => {
  const proved = await insertLot(stage.pool);
  await insertOffer(stage.pool, proved, { agedMs: 6_000 });
  await stage.pool.query('update offer set notified_at = now()');
  const closed = await insertLot(stage.pool);
  await insertOffer(stage.pool, closed, { agedMs: 6_000, state: 'lapsed' });
  const waiting = await insertLot(stage.pool);
  await insertOffer(stage.pool, waiting, { agedMs: 6_000 });
  for (const lotId of [proved, closed, waiting]) await insertEvent(lotId, lotId !== waiting);
  await createResend({
    unproven: (region, ages, limit) => findUnprovenOffers(stage.appPool, region, ages, limit),
    latestEvents: (region, lotIds) => findLatestEvents(stage.appPool, region, lotIds),
    publish: stage.publish,
    onResent: () => assert.fail('sent again'),
  })(REGION_ID);
});

test('a bus that answers nobody is asked once, not for each offer of each region', async () => {
  for (let n = 0; n < 3; n++) {
    const lotId = await insertLot(stage.pool);
    await insertOffer(stage.pool, lotId, { agedMs: 6_000 });
    await insertEvent(lotId);
  }
  let [asked, resent, tookMs, isStored] = [0, 0, 1_200, true];
  const resend = createResend({
    unproven: (region, ages, limit) => findUnprovenOffers(stage.appPool, region, ages, limit),
    latestEvents: (region, lotIds) => findLatestEvents(stage.appPool, region, lotIds),
    publish: async () => {
      asked++;
      await pause(tookMs);
      return isStored ? { stored: true, duplicate: false } : { stored: false, permanent: false, because: 'timeout' };
    },
    onResent: () => resent++,
  });
  await resend(REGION_ID);
  await resend(REGION_ID);
  assert.deepEqual([asked, resent], [1, 1], 'nor is one who is slow to take it');
  [asked, isStored] = [0, false];
  await pause(5_500);
  await resend(REGION_ID);
  await resend(REGION_ID);
  assert.deepEqual([asked, resent], [1, 1]);
  // whoever refuses one at once may take others
  [asked, tookMs] = [0, 0];
  await pause(5_500);
  await resend(REGION_ID);
  assert.equal(asked, 3, 'the first one is due once more');
});
