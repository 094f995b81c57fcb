/** Weekly hours as people fill them in: one span a day, perhaps past midnight. */
import type { WeeklyHours } from '#core/matching/hours.ts';
import { clockOf, minuteOf } from '#core/words/calendar.ts';

/** null: closed; `HH:MM` each; the same twice: all day */
export type DayHours = { readonly from: string; readonly to: string } | null;

const DAY = 1_440;

/** null: more than one span a day, which this form can't show */
export function daysOf(hours: WeeklyHours): DayHours[] | null {
  const days: DayHours[] = Array.from({ length: 7 }, () => null);
  for (const [from, to] of wholeDays(hours)) {
    const day = Math.floor(from / DAY);
    if (days[day] !== null || to - from > DAY) return null;
    days[day] = { from: clockOf(from), to: clockOf(to) };
  }
  return days;
}

/** Always open, or days on end, are days one after the other. */
function wholeDays(hours: WeeklyHours): (readonly [number, number])[] {
  return hours.flatMap(([from, to]) => {
    if (from % DAY !== 0 || to % DAY !== 0) return [[from, to] as const];
    return Array.from({ length: (to - from) / DAY }, (_, n) => [from + n * DAY, from + (n + 1) * DAY] as const);
  });
}

export function hoursOf(days: readonly DayHours[]): [number, number][] {
  return days.flatMap((day, n) => {
    if (day === null) return [];
    const from = minuteOf(day.from);
    const to = minuteOf(day.to);
    return [[n * DAY + from, n * DAY + (to > from ? to : to + DAY)]];
  });
}
