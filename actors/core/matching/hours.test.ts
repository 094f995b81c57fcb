import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { localTime, nextOpeningMs, openUntilMs, type WeeklyHours } from './hours.ts';

const HOUR_MS = 3_600_000;
const DAY = 1_440;
const SATURDAY = 5 * DAY;
const SUNDAY = 6 * DAY;
const at = (text: string): number => Date.parse(text);
const iso = (atMs: number | null): string | null => (atMs === null ? null : new Date(atMs).toISOString());

/** The nights before the last Sunday of March and of October; clocks there change at 01:00Z. */
const SPRING = at('2027-03-27T20:00:00Z');
const AUTUMN = at('2027-10-30T20:00:00Z');

describe('the night in which clocks change in Helsinki', () => {
  const sundays: WeeklyHours = [[SUNDAY + 8 * 60, SUNDAY + 20 * 60]];
  const overnight: WeeklyHours = [[SATURDAY + 20 * 60, SATURDAY + 30 * 60]];
  const always: WeeklyHours = [[0, 7 * DAY]];
  const openingOf = (atMs: number, zone = 'Europe/Helsinki') => iso(nextOpeningMs(sundays, zone, atMs));
  const closingOf = (hours: WeeklyHours, atMs: number, zone = 'Europe/Helsinki') => iso(openUntilMs(hours, zone, atMs));

  it('a place opens by the clock on its wall, however long the night was', () => {
    assert.equal(openingOf(SPRING), '2027-03-28T05:00:00.000Z');
    assert.equal(openingOf(AUTUMN), '2027-10-31T06:00:00.000Z');
    // days before it, and in the very minute before
    assert.equal(openingOf(SPRING - 100 * HOUR_MS), '2027-03-28T05:00:00.000Z');
    assert.equal(openingOf(at('2027-03-28T00:59:59Z')), '2027-03-28T05:00:00.000Z');
    assert.equal(openingOf(at('2027-10-31T00:59:59Z')), '2027-10-31T06:00:00.000Z');
  });

  it('and when the night is over, as on any day', () => {
    assert.equal(openingOf(at('2027-03-28T01:00:00Z')), '2027-03-28T05:00:00.000Z');
    assert.equal(openingOf(at('2027-10-31T01:00:00Z')), '2027-10-31T06:00:00.000Z');
    assert.equal(openingOf(at('2027-03-28T05:00:00Z')), '2027-04-04T05:00:00.000Z');
  });

  it('a place that is open all night closes by it, too', () => {
    assert.equal(closingOf(overnight, SPRING), '2027-03-28T03:00:00.000Z');
    assert.equal(closingOf(overnight, AUTUMN), '2027-10-31T04:00:00.000Z');
    assert.equal(closingOf([...overnight, [SUNDAY + 6 * 60, SUNDAY + 9 * 60]], SPRING), '2027-03-28T06:00:00.000Z');
    assert.equal(openUntilMs(always, 'Europe/Helsinki', SPRING), Number.POSITIVE_INFINITY);
  });

  it('closes at the first of a time that comes twice, and when clocks go on at one that does not come', () => {
    const until = (minute: number): WeeklyHours => [[SATURDAY + 20 * 60, SUNDAY + minute]];
    assert.equal(closingOf(until(3 * 60 + 30), AUTUMN), '2027-10-31T00:30:00.000Z');
    assert.equal(closingOf(until(3 * 60), SPRING), '2027-03-28T01:00:00.000Z');
    assert.equal(closingOf(until(4 * 60), SPRING), '2027-03-28T01:00:00.000Z');
  });

  it('is a night like others in Jakarta', () => {
    assert.equal(openingOf(SPRING, 'Asia/Jakarta'), '2027-03-28T01:00:00.000Z');
    assert.equal(openingOf(AUTUMN, 'Asia/Jakarta'), '2027-10-31T01:00:00.000Z');
    assert.equal(closingOf(overnight, SPRING, 'Asia/Jakarta'), '2027-03-27T23:00:00.000Z');
    assert.equal(closingOf(overnight, AUTUMN, 'Asia/Jakarta'), '2027-10-30T23:00:00.000Z');
  });
});

describe('at any time, wherever', () => {
  const zones = fc.constantFrom(
    'Europe/Helsinki',
    'Asia/Jakarta',
    'America/St_Johns',
    'Australia/Lord_Howe',
    'Africa/Cairo',
  );
  const time = fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2028-01-01T00:00:00Z') });
  // out of reach of the hours that a night has twice, or not at all
  const minutes = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 5 * 60, max: 23 * 60 }));
  const clock = (minute: number) => new Date((minute % DAY) * 60_000).toISOString().slice(11, 16);

  it('clocks show the hour that was told, when a place opens and when it closes; it is closed before', () => {
    fc.assert(
      fc.property(zones, time, minutes, fc.integer({ min: 30, max: 59 }), (zone, atMs, [day, minute], long) => {
        const from = day * DAY + minute;
        const hours: WeeklyHours = [[from, from + long]];
        const opensMs = nextOpeningMs(hours, zone, atMs) ?? 0;
        assert.ok(opensMs > atMs && opensMs <= atMs + 7 * 24 * HOUR_MS + HOUR_MS);
        assert.equal(localTime(zone, opensMs), clock(minute));
        assert.equal(openUntilMs(hours, zone, opensMs - 1), null);
        assert.equal(openUntilMs(hours, zone, opensMs), opensMs + long * 60_000);
        assert.equal(nextOpeningMs(hours, zone, opensMs - 60_000), opensMs);
      }),
    );
  });
});
