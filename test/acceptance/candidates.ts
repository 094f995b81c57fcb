/** What every implementation of the Candidates port must do; run on the Redis adapter and on the fake. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { Candidates, Reservation } from '#cell/ports.ts';
import { placeKey } from '#core/geo/distance.ts';
import type { Recipient } from '#core/matching/candidate.ts';
import type { LotId, OfferId, RecipientId } from '#core/words/ids.ts';

export interface CandidatesUnderTest {
  readonly candidates: Candidates;
  /** the index is no longer to be believed */
  lose(): Promise<void>;
  stop(): Promise<void>;
}
/** @param nowMs the clock's time, unix ms */
export type MakeCandidates = (recipients: readonly Recipient[], nowMs: number) => Promise<CandidatesUnderTest>;

const NOW_MS = Date.parse('2026-03-10T22:30:00Z');
/** NOW in Helsinki (UTC+2): already the next day. */
const TODAY = '2026-03-11';
const CENTRE = { lat: 60.17, lon: 24.94 };

export function recipientAt(id: string, northMeters: number, more: Partial<Recipient> = {}): Recipient {
  return {
    recipientId: id as RecipientId,
    name: `Recipient ${id}`,
    lat: CENTRE.lat + northMeters / 111_195,
    lon: CENTRE.lon,
    active: true,
    fallback: false,
    categories: ['bakery'],
    storages: ['ambient'],
    needs: { bakery: 0.5 },
    hours: [[0, 10_080]],
    timeZone: 'Europe/Helsinki',
    travelMode: 'bicycle',
    capacityGrams: 10_000,
    dailyCapacityGrams: 25_000,
    weeklyNeedGrams: 100_000,
    ...more,
  };
}

export function offerId(n: number): OfferId {
  return `46920c1-01957d00-0000-7000-8000-${String(n).padStart(12, '0')}-1` as OfferId;
}

export function reservation(
  recipient: string,
  offer: number,
  quantityGrams: number,
  more: Partial<Reservation> = {},
): Reservation {
  return {
    recipientId: recipient as RecipientId,
    offerId: offerId(offer),
    quantityGrams,
    capacityGrams: 10_000,
    dailyCapacityGrams: 25_000,
    day: TODAY,
    epoch: 1,
    ...more,
  };
}

function handover(recipient: string, offer: number, quantityGrams: number, day = TODAY) {
  const offerOf = offerId(offer);
  return {
    lotId: offerOf.slice(0, -2) as LotId,
    offerId: offerOf,
    recipientId: recipient as RecipientId,
    day,
    quantityGrams,
  };
}

export function candidatesAcceptance(name: string, make: MakeCandidates): void {
  describe(`candidates: ${name}`, { concurrency: false }, () => {
    const opened: CandidatesUnderTest[] = [];
    const open = async (recipients: readonly Recipient[]): Promise<CandidatesUnderTest> => {
      const made = await make(recipients, NOW_MS);
      opened.push(made);
      return made;
    };
    afterEach(async () => {
      for (const each of opened.splice(0)) await each.stop();
    });
    searching(open);
    reserving(open);
    holding(open);
    collecting(open);
    losing(open);
  });
}

type Open = (recipients: readonly Recipient[]) => Promise<CandidatesUnderTest>;

async function countersOf(candidates: Candidates, id = 'a') {
  const lists = await candidates.near([{ ...CENTRE, radiusMeters: 50_000 }]);
  const found = lists?.[0]?.find((each) => each.recipientId === id);
  assert.ok(found !== undefined);
  return { open: found.openGrams, today: found.collectedTodayGrams, week: found.collectedWeekGrams };
}

function searching(open: Open): void {
  it('finds the nearest within each radius, nearest first, with its facts', async () => {
    const b = recipientAt('b', 3_000);
    const { candidates } = await open([b, recipientAt('a', 1_000), recipientAt('far', 9_000)]);
    const lists = await candidates.near([
      { ...CENTRE, radiusMeters: 2_000 },
      { ...CENTRE, radiusMeters: 8_000 },
      { ...CENTRE, radiusMeters: 2_000 },
      { lat: -6.2, lon: 106.8, radiusMeters: 8_000 },
      { lat: 89.9, lon: 0, radiusMeters: 8_000 },
    ]);
    assert.deepEqual(
      lists?.map((list) => list.map((each) => each.recipientId)),
      [['a'], ['a', 'b'], ['a'], [], []],
    );
    const found = lists[1]?.[1];
    assert.ok(found !== undefined && Math.abs(found.distanceMeters - 3_000) < 5);
    const counters = { openGrams: 0, collectedTodayGrams: 0, collectedWeekGrams: 0 };
    // What its place is known by may be worked out already.
    const key = found.key === undefined ? {} : { key: placeKey(b) };
    assert.deepEqual(found, { ...b, distanceMeters: found.distanceMeters, ...counters, ...key });
  });

  it('leaves out who is paused and the food banks of last resort', async () => {
    const { candidates } = await open([
      recipientAt('a', 1),
      recipientAt('p', 2, { active: false }),
      recipientAt('f', 3, { fallback: true }),
    ]);
    const lists = await candidates.near([{ ...CENTRE, radiusMeters: 1_000 }]);
    assert.deepEqual(
      lists?.[0]?.map((each) => each.recipientId),
      ['a'],
    );
  });

  it('looks at more of them when it looks further', async () => {
    const { candidates } = await open(Array.from({ length: 60 }, (_, i) => recipientAt(`r${String(i)}`, 10 * i)));
    const lists = await candidates.near([
      { ...CENTRE, radiusMeters: 8_000 },
      { ...CENTRE, radiusMeters: 12_000 },
    ]);
    assert.deepEqual(
      lists?.map((list) => list.length),
      [32, 48],
    );
  });

  it('tells of whoever is named, however far, paused or of last resort', async () => {
    const { candidates, lose } = await open([
      recipientAt('a', 90_000),
      recipientAt('p', 2, { active: false }),
      recipientAt('f', 3, { fallback: true }),
    ]);
    const ask = (...ids: string[]) =>
      candidates.named(ids.map((recipientId) => ({ ...CENTRE, recipientId: recipientId as RecipientId })));
    await candidates.reserve([reservation('a', 1, 3_000)]);
    const found = await ask('a', 'nobody', 'p', 'f', 'a');
    assert.deepEqual(
      found?.map((each) => each?.recipientId),
      ['a', undefined, 'p', 'f', 'a'],
    );
    assert.deepEqual([found[0]?.openGrams, found[2]?.active, found[3]?.fallback], [3_000, false, true]);
    assert.ok(Math.abs((found[0]?.distanceMeters ?? 0) - 90_000) < 200);
    await lose();
    assert.equal(await ask('a'), null);
  });

  it('names the active food banks of last resort within 300 km, nearest first', async () => {
    const bank = (id: string, meters: number, active = true) => recipientAt(id, meters, { fallback: true, active });
    const { candidates } = await open([bank('paused', 10, false), bank('second', 250_000), bank('first', 200_000)]);
    const found = await candidates.fallbacks(CENTRE);
    assert.deepEqual(
      found?.map(({ recipientId }) => recipientId),
      ['first', 'second'],
    );
    assert.deepEqual(await candidates.fallbacks({ lat: -6.2, lon: 106.8 }), []);
  });
}

function reserving(open: Open): void {
  it('never goes above the capacity, under 50 at once (invariant 5)', async () => {
    const { candidates } = await open([recipientAt('a', 1)]);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => candidates.reserve([reservation('a', i, 700)])),
    );
    assert.equal(answers.filter((answer) => answer?.[0] === true).length, 14);
    assert.deepEqual(await countersOf(candidates), { open: 9_800, today: 0, week: 0 });
  });

  it('sees what the same call has reserved before', async () => {
    const { candidates } = await open([recipientAt('a', 1)]);
    assert.deepEqual(await candidates.reserve([1, 2, 3].map((n) => reservation('a', n, 4_000))), [true, true, false]);
    assert.deepEqual(await candidates.reserve([]), []);
  });

  it('says yes to the same token again, even when full, and counts it once', async () => {
    const { candidates } = await open([recipientAt('a', 1)]);
    const full = reservation('a', 1, 10_000);
    assert.deepEqual(await candidates.reserve([full]), [true]);
    assert.deepEqual(await candidates.reserve([full, full, reservation('a', 2, 1)]), [true, true, false]);
    assert.equal((await countersOf(candidates)).open, 10_000);
  });

  it('a fenced owner can neither take over nor give back what the new owner reserved', async () => {
    const { candidates } = await open([recipientAt('a', 1)]);
    const byOld = reservation('a', 1, 4_000, { epoch: 1 });
    const byNew = reservation('a', 1, 4_000, { epoch: 2 });
    assert.deepEqual(await candidates.reserve([byOld]), [true]);
    assert.deepEqual(await candidates.reserve([byNew]), [true], 'the new owner makes the very same offer');
    assert.equal(await candidates.withdraw([byOld], 1), 0);
    assert.equal((await countersOf(candidates)).open, 4_000, 'it is not given back by the old one');
    assert.deepEqual(await candidates.reserve([{ ...byOld, quantityGrams: 100 }]), [false]);
    assert.equal(await candidates.withdraw([byNew, { ...byNew, recipientId: 'b' as RecipientId }], 2), 1);
    assert.equal((await countersOf(candidates)).open, 0);
  });

  it('takes another size of the same token as a change of it', async () => {
    const { candidates } = await open([recipientAt('a', 1)]);
    await candidates.reserve([reservation('a', 1, 6_000)]);
    assert.deepEqual(await candidates.reserve([reservation('a', 1, 9_000)]), [true]);
    assert.deepEqual(await candidates.reserve([reservation('a', 1, 10_001)]), [false]);
    assert.equal((await countersOf(candidates)).open, 9_000);
  });
}

function holding(open: Open): void {
  it('counts what was collected today against the daily capacity, not the stock', async () => {
    const { candidates } = await open([recipientAt('a', 1)]);
    for (const n of [1, 2]) {
      assert.deepEqual(await candidates.reserve([reservation('a', n, 10_000)]), [true]);
      await candidates.collected([handover('a', n, 10_000)]);
    }
    assert.deepEqual(await candidates.reserve([reservation('a', 3, 6_000)]), [false]);
    assert.deepEqual(await candidates.reserve([reservation('a', 3, 6_000, { day: '2026-03-12' })]), [true]);
    assert.deepEqual(await candidates.reserve([reservation('a', 4, 4_000)]), [false]);
  });

  it('holds sums of any size exactly', async () => {
    const huge = { capacityGrams: 9e15, dailyCapacityGrams: 9e15 };
    const { candidates } = await open([recipientAt('a', 1, huge)]);
    await candidates.reserve(Array.from({ length: 200 }, (_, i) => reservation('a', i, 99_999_999, huge)));
    assert.equal((await countersOf(candidates)).open, 200 * 99_999_999);
  });

  it('frees and shrinks; what is not there stays away', async () => {
    const { candidates } = await open([recipientAt('a', 1)]);
    await candidates.reserve([reservation('a', 1, 4_000), reservation('a', 2, 5_000)]);
    await candidates.shrink([reservation('a', 1, 1_500), reservation('a', 9, 100), reservation('a', 2, 6_000)]);
    assert.equal((await countersOf(candidates)).open, 6_500);
    await candidates.free([reservation('a', 2, 5_000), reservation('a', 9, 100)]);
    await candidates.free([reservation('a', 2, 5_000)]);
    assert.equal((await countersOf(candidates)).open, 1_500);
  });
}

function collecting(open: Open): void {
  it('moves a token to its day, once however often it is told', async () => {
    const { candidates } = await open([recipientAt('a', 1)]);
    await candidates.reserve([reservation('a', 1, 4_000), reservation('a', 2, 1_000)]);
    const told = handover('a', 1, 3_500);
    await candidates.collected([told, told]);
    await candidates.collected([told]);
    assert.deepEqual(await countersOf(candidates), { open: 1_000, today: 3_500, week: 3_500 });
  });

  it('counts a week of seven local days with today', async () => {
    const { candidates } = await open([recipientAt('a', 1)]);
    const days = ['2026-03-03', '2026-03-04', '2026-03-05', '2026-03-10', TODAY];
    await candidates.collected(days.map((day, i) => handover('a', i + 1, 10 ** i, day)));
    assert.deepEqual(await countersOf(candidates), { open: 0, today: 10_000, week: 11_100 });
  });
}

function losing(open: Open): void {
  it('answers null to everything once it is not to be believed, and throws nowhere', async () => {
    const { candidates, lose } = await open([recipientAt('a', 1), recipientAt('f', 3, { fallback: true })]);
    await candidates.reserve([reservation('a', 1, 4_000)]);
    await lose();
    assert.equal(await candidates.near([{ ...CENTRE, radiusMeters: 8_000 }]), null);
    assert.equal(await candidates.fallbacks(CENTRE), null);
    assert.equal(await candidates.reserve([reservation('a', 2, 1)]), null);
    await candidates.free([reservation('a', 1, 4_000)]);
    await candidates.shrink([reservation('a', 1, 4_000)]);
    await candidates.collected([handover('a', 1, 4_000)]);
  });
}
