/** Times as people there say them. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { goodUntilMs, gramsOf } from '../../web/app/draft.ts';
import { nextAt, timeIn } from '../../web/app/language/zone.ts';

const AT_MS = Date.UTC(2026, 10, 21, 14, 30);

it('Indonesia has three zones, each with its name', () => {
  assert.equal(timeIn('Asia/Jakarta', 'id', AT_MS, AT_MS), '21.30 WIB');
  assert.equal(timeIn('Asia/Pontianak', 'id', AT_MS, AT_MS), '21.30 WIB');
  assert.equal(timeIn('Asia/Makassar', 'en', AT_MS, AT_MS), '22:30 WITA');
  assert.equal(timeIn('Asia/Jayapura', 'id', AT_MS, AT_MS), '23.30 WIT');
});

it('another day is named, by the days of that place', () => {
  const laterMs = AT_MS + 3 * 3_600_000;
  assert.equal(timeIn('Asia/Jakarta', 'id', laterMs, AT_MS), 'Min, 22 Nov, 00.30 WIB');
  assert.match(timeIn('Europe/Helsinki', 'en', laterMs, AT_MS), /^19:30 /);
});

it('tomorrow morning is ten o’clock there, and at least an hour away', () => {
  const at = nextAt(10, 'Asia/Jakarta', AT_MS, 3_600_000);
  assert.equal(new Date(at).toISOString(), '2026-11-22T03:00:00.000Z');
  const justBefore = Date.UTC(2026, 10, 22, 2, 50);
  assert.equal(new Date(nextAt(10, 'Asia/Jakarta', justBefore, 3_600_000)).toISOString(), '2026-11-23T03:00:00.000Z');
  // clocks go back on this night in Helsinki
  const autumnMs = Date.UTC(2026, 9, 24, 20);
  assert.equal(new Date(nextAt(10, 'Europe/Helsinki', autumnMs, 3_600_000)).toISOString(), '2026-10-25T08:00:00.000Z');
});

it('amounts are read with a comma or a point, and nothing else passes', () => {
  assert.deepEqual(['2', '2.5', '2,5', ' 0,1 '].map(gramsOf), [2_000, 2_500, 2_500, 100]);
  assert.deepEqual(['', '0', '0.05', '-1', '1e3', '2.5.1', '100001', 'dua'].map(gramsOf), Array(8).fill(null));
  assert.equal(goodUntilMs('2', AT_MS + 12_345, 'Asia/Jakarta'), AT_MS + 2 * 3_600_000);
});
