import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { openUntilMs, type WeeklyHours } from '../../actors/core/matching/hours.ts';
import { daysOf, hoursOf } from '../../web/app/weekHours.ts';

const MONDAY_MS = Date.UTC(2026, 10, 23);
const isOpen = (hours: WeeklyHours, minute: number): boolean =>
  openUntilMs(hours, 'UTC', MONDAY_MS + minute * 60_000) !== null;

it('what the form shows and gives back is open at the same times', () => {
  const span = fc.tuple(fc.nat(1_439), fc.integer({ min: 1, max: 1_440 }));
  const week = fc.array(fc.option(span), { minLength: 7, maxLength: 7 });
  fc.assert(
    fc.property(week, (days) => {
      const hours = days.flatMap((day, n): [number, number][] =>
        day === null ? [] : [[n * 1_440 + day[0], n * 1_440 + day[0] + day[1]]],
      );
      const shown = daysOf(hours);
      assert.ok(shown);
      const back = hoursOf(shown);
      for (let minute = 0; minute < 10_080; minute += 37) assert.equal(isOpen(back, minute), isOpen(hours, minute));
    }),
    { numRuns: 200 },
  );
});

it('always open is all day, each day; two spans a day are left alone', () => {
  assert.deepEqual(daysOf([[0, 10_080]])?.at(6), { from: '00:00', to: '00:00' });
  assert.equal(
    daysOf([
      [480, 600],
      [700, 800],
    ]),
    null,
  );
});
