import { localDay, utcOffsetMinutes } from '#core/matching/hours.ts';
import { clockOf } from '#core/words/calendar.ts';
import { atMsOf } from '#core/windows/schedule.ts';
import { malformed } from '../problems.ts';

export interface MonthSpan {
  /** unix ms, half-open */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly isComplete: boolean;
}

/** A month by the donor's calendar. @param month YYYY-MM @throws Problem when it has not begun */
export function monthOf(month: string, timeZone: string, nowMs: number): MonthSpan {
  if (month > localDay(timeZone, nowMs).slice(0, 7)) throw malformed('month', 'has not begun');
  const [year = 0, number = 0] = month.split('-').map(Number);
  const nextMonth = new Date(Date.UTC(year, number, 1)).toISOString().slice(0, 7);
  const fromMs = atMsOf(timeZone, `${month}-01`, 0);
  const untilMs = atMsOf(timeZone, `${nextMonth}-01`, 0);
  return { fromMs, untilMs, isComplete: untilMs <= nowMs };
}

/** RFC 3339 with the zone's offset, to the second: a spreadsheet shows the time that was on the wall. */
export function localTimestamp(timeZone: string, atMs: number): string {
  const offset = utcOffsetMinutes(timeZone, atMs);
  const zone = `${offset < 0 ? '-' : '+'}${clockOf(Math.abs(offset))}`;
  return new Date(atMs + offset * 60_000).toISOString().slice(0, 19) + zone;
}
