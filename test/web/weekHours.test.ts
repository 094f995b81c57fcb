import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { openUntilMs, overlapOf, type WeeklyHours } from '../../actors/core/matching/hours.ts';
import { daysOf, hoursOf, overlappingDay, withOneMore, type DayHours } from '../../web/app/weekHours.ts';

const MONDAY_MS = Date.UTC(2026, 10, 23);
const WEEK = 10_080;
const isOpen = (hours: WeeklyHours, minute: number): boolean =>
  openUntilMs(hours, 'UTC', MONDAY_MS + minute * 60_000) !== null;

/** Whatever the server takes: spans of any length, over days and over the week's end. */
const anyHours = fc
  .array(fc.tuple(fc.nat(WEEK - 1), fc.integer({ min: 1, max: 4_000 })), { maxLength: 12 })
  .map((spans) => spans.map(([from, long]): [number, number] => [from, Math.min(from + long, WEEK + 1_440)]));

it('what the form shows and gives back is open at the same times, however many spans a day has', () => {
  fc.assert(
    fc.property(anyHours, (hours) => {
      const back = hoursOf(daysOf(hours));
      for (let minute = 0; minute < WEEK; minute += 37) assert.equal(isOpen(back, minute), isOpen(hours, minute));
      assert.ok(back.every(([from, to]) => from < to && from < WEEK && to <= WEEK + 1_440));
    }),
    { numRuns: 200 },
  );
});

it('spans overlap when some minute lies in two of them', () => {
  fc.assert(
    fc.property(anyHours, (hours) => {
      const times = new Uint8Array(WEEK);
      for (const [from, to] of hours)
        for (let minute = from; minute < to; minute++) {
          const at = minute % WEEK;
          times[at] = (times[at] ?? 0) + 1;
        }
      assert.equal(
        overlapOf(hours) !== null,
        times.some((each) => each > 1),
      );
    }),
    { numRuns: 300 },
  );
});

it('always open is all day, each day; two spans a day are both there', () => {
  const always = daysOf([[0, WEEK]]);
  assert.ok(always.every((spans) => spans.length === 1 && spans[0]?.from === '00:00' && spans[0].to === '00:00'));
  const twice = [
    [1_020, 1_260],
    [540, 720],
  ] as const;
  assert.deepEqual(daysOf(twice)[0], [
    { from: '09:00', to: '12:00' },
    { from: '17:00', to: '21:00' },
  ]);
});

it('an overlap is told by its day, also past midnight', () => {
  const week = (day: number, spans: DayHours): DayHours[] =>
    Array.from({ length: 7 }, (_, n) => (n === day ? spans : []));
  assert.equal(
    overlappingDay(
      week(2, [
        { from: '09:00', to: '12:00' },
        { from: '12:00', to: '15:00' },
      ]),
    ),
    null,
  );
  assert.equal(
    overlappingDay(
      week(2, [
        { from: '09:00', to: '12:00' },
        { from: '11:59', to: '15:00' },
      ]),
    ),
    2,
  );
  const night = week(6, [{ from: '22:00', to: '02:00' }]);
  assert.equal(overlappingDay(night), null);
  assert.equal(overlappingDay([[{ from: '01:00', to: '05:00' }], ...night.slice(1)]), 0);
});

it('one more span goes where there is room for it, and overlaps nothing', () => {
  assert.deepEqual(withOneMore([]), [{ from: '08:00', to: '20:00' }]);
  assert.deepEqual(withOneMore([{ from: '09:00', to: '12:00' }])?.[1], { from: '13:00', to: '17:00' });
  assert.deepEqual(withOneMore([{ from: '17:00', to: '02:00' }])?.[0], { from: '12:00', to: '16:00' });
  assert.equal(withOneMore([{ from: '00:00', to: '00:00' }]), null);
  const one = fc.tuple(fc.nat(1_439), fc.nat(1_439));
  fc.assert(
    fc.property(one, ([from, to]) => {
      const day = daysOf([[from, to > from ? to : to + 1_440]])[0] ?? [];
      const more = withOneMore(day);
      if (more !== null) assert.equal(overlapOf(hoursOf([more])), null);
    }),
  );
});
