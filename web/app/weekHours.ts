/** Weekly hours as people fill them in: some spans a day, the last perhaps past midnight. */
import { overlapOf, type WeeklyHours } from '#core/matching/hours.ts';
import { clockOf, minuteOf } from '#core/words/calendar.ts';

/** `HH:MM` each; an end before the beginning is on the next day; the same twice: a whole day */
export interface Span {
  readonly from: string;
  readonly to: string;
}
/** none: closed */
export type DayHours = readonly Span[];

const DAY = 1_440;
const WEEK_DAYS = 7;
/** More a kitchen doesn't open. */
const MOST_SPANS = 4;
const PAUSE = 60;
const NEW_SPAN = 240;
const NEW_DAY: Span = { from: '08:00', to: '20:00' };

export function daysOf(hours: WeeklyHours): DayHours[] {
  const days: Span[][] = Array.from({ length: WEEK_DAYS }, () => []);
  for (const [from, to] of hours.flatMap(inDays).toSorted(([a], [b]) => a - b))
    days[Math.floor(from / DAY) % WEEK_DAYS]?.push({ from: clockOf(from), to: clockOf(to) });
  return days;
}

/** Always open, or days on end, are days one after the other. */
function inDays([from, to]: WeeklyHours[number]): (readonly [number, number])[] {
  return Array.from({ length: Math.ceil((to - from) / DAY) }, (_, n) => {
    return [from + n * DAY, Math.min(from + (n + 1) * DAY, to)] as const;
  });
}

export function hoursOf(days: readonly DayHours[]): [number, number][] {
  return days.flatMap((spans, day) =>
    spans.map(({ from, to }): [number, number] => {
      const begin = minuteOf(from);
      const end = minuteOf(to);
      return [day * DAY + begin, day * DAY + (end > begin ? end : end + DAY)];
    }),
  );
}

/** @returns the first day (0 is Monday) one of whose spans overlaps another, perhaps of the day before; null: none does */
export function overlappingDay(days: readonly DayHours[]): number | null {
  const hours = hoursOf(days);
  const found = overlapOf(hours);
  return found === null ? null : Math.floor((hours[found]?.[0] ?? 0) / DAY);
}

export function endsNextDay({ from, to }: Span): boolean {
  return to < from && to !== '00:00';
}

/** With one more span, after the last or before the first; null: there is no room for one that anybody would want. */
export function withOneMore(spans: DayHours): DayHours | null {
  const [first, last] = [spans[0], spans.at(-1)];
  if (first === undefined || last === undefined) return [NEW_DAY];
  if (spans.length >= MOST_SPANS) return null;
  const from = minuteOf(last.to) + PAUSE;
  if (last.to > last.from && from + PAUSE < DAY) {
    return [...spans, { from: clockOf(from), to: clockOf(Math.min(from + NEW_SPAN, DAY - 1)) }];
  }
  const to = minuteOf(first.from) - PAUSE;
  return to < PAUSE ? null : [{ from: clockOf(Math.max(0, to - NEW_SPAN)), to: clockOf(to) }, ...spans];
}
