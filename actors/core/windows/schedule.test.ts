import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { localDay, localTime } from '../matching/hours.ts';
import { atMsOf, nextOccurrence, weekdayOf, type Schedule } from './schedule.ts';

const DAILY: Schedule = { minuteOfDay: 21 * 60 + 30, weekdays: [1, 2, 3, 4, 5, 6, 7], skips: [], paused: false };
const at = (text: string): number => Date.parse(text);
const iso = (atMs: number | undefined): string => (atMs === undefined ? '' : new Date(atMs).toISOString());

describe('the next time', () => {
  it('is today while the hour has not come, else tomorrow; by the clock there', () => {
    const jakarta = nextOccurrence(DAILY, 'Asia/Jakarta', at('2026-11-21T14:29:59Z'));
    assert.deepEqual([jakarta?.day, iso(jakarta?.atMs)], ['2026-11-21', '2026-11-21T14:30:00.000Z']);
    const after = nextOccurrence(DAILY, 'Asia/Jakarta', at('2026-11-21T14:30:00Z'));
    assert.equal(after?.day, '2026-11-22');
    // already the 22nd in Jayapura
    assert.equal(nextOccurrence(DAILY, 'Asia/Jayapura', at('2026-11-21T15:30:00Z'))?.day, '2026-11-22');
  });

  it('leaves out other weekdays, skipped days, and the day that is done', () => {
    assert.equal(weekdayOf('2026-11-21'), 6);
    const monday = nextOccurrence({ ...DAILY, weekdays: [1] }, 'Asia/Jakarta', at('2026-11-21T00:00:00Z'));
    assert.equal(monday?.day, '2026-11-23');
    const skipping = { ...DAILY, skips: ['2026-11-21', '2026-11-22'] };
    assert.equal(nextOccurrence(skipping, 'Asia/Jakarta', at('2026-11-21T00:00:00Z'))?.day, '2026-11-23');
    // posted at 21:30, then moved to 22:00: not a second time today
    const moved = { ...DAILY, minuteOfDay: 22 * 60 };
    const again = nextOccurrence(moved, 'Asia/Jakarta', at('2026-11-21T14:31:00Z'), '2026-11-21');
    assert.equal(again?.day, '2026-11-22');
  });

  it('is never when it is paused or has no day', () => {
    assert.equal(nextOccurrence({ ...DAILY, paused: true }, 'Asia/Jakarta', 0), null);
    assert.equal(nextOccurrence({ ...DAILY, weekdays: [] }, 'Asia/Jakarta', 0), null);
  });
});

describe('when clocks change in Helsinki', () => {
  it('an evening stays an evening', () => {
    assert.equal(iso(atMsOf('Europe/Helsinki', '2026-03-28', 1290)), '2026-03-28T19:30:00.000Z');
    assert.equal(iso(atMsOf('Europe/Helsinki', '2026-03-29', 1290)), '2026-03-29T18:30:00.000Z');
    assert.equal(iso(atMsOf('Europe/Helsinki', '2026-10-25', 1290)), '2026-10-25T19:30:00.000Z');
  });

  it('a time that comes twice is the first, one that does not come is an hour later', () => {
    assert.equal(iso(atMsOf('Europe/Helsinki', '2026-10-25', 3 * 60 + 30)), '2026-10-25T00:30:00.000Z');
    assert.equal(iso(atMsOf('Europe/Helsinki', '2026-03-29', 3 * 60 + 30)), '2026-03-29T01:30:00.000Z');
  });

  it('each day comes once, in its order, and shows the hour that was asked for', () => {
    const zones = fc.constantFrom('Europe/Helsinki', 'Asia/Jakarta', 'America/St_Johns', 'Australia/Lord_Howe');
    const start = fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-12-31T00:00:00Z') });
    fc.assert(
      fc.property(zones, start, fc.integer({ min: 0, max: 1439 }), (zone, startMs, minuteOfDay) => {
        let last = { day: '', atMs: startMs };
        for (let n = 0; n < 5; n++) {
          const next = nextOccurrence({ ...DAILY, minuteOfDay }, zone, last.atMs, last.day || null);
          assert.ok(next !== null && next.atMs > last.atMs && next.day > last.day);
          assert.equal(localDay(zone, next.atMs), next.day);
          const shown = localTime(zone, next.atMs).split(':').map(Number);
          const shownMinute = (shown[0] ?? 0) * 60 + (shown[1] ?? 0);
          // never earlier on the wall; later only by a jump of the clocks
          assert.ok(shownMinute === minuteOfDay || (shownMinute > minuteOfDay && shownMinute <= minuteOfDay + 60));
          last = next;
        }
      }),
    );
  });
});
