/** When a recurring window posts: at a time of day of a donor's own zone, on some days of the week. */
import { localDay, momentOf } from '../matching/hours.ts';
import { dayAfter } from '../words/calendar.ts';

export interface Schedule {
  /** 0 to 1,439, by the clock on the donor's wall */
  readonly minuteOfDay: number;
  /** ISO: 1 is Monday, 7 Sunday */
  readonly weekdays: readonly number[];
  /** local days, YYYY-MM-DD, on which it doesn't post */
  readonly skips: readonly string[];
  readonly paused: boolean;
}

/** One time it comes round: the local day names it, whatever the clocks do. */
export interface Occurrence {
  readonly day: string;
  /** unix ms */
  readonly atMs: number;
}

export const MAX_SKIPS = 60;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** More days in a row than can be skipped, and a week for the weekday. */
const MAX_DAYS_AHEAD = MAX_SKIPS * 7 + 8;

/**
 * The first time after `afterMs` whose day comes after `afterDay`.
 * @param afterDay YYYY-MM-DD, done with already; null: none
 * @returns null when it is paused or has no weekday
 */
export function nextOccurrence(
  schedule: Schedule,
  timeZone: string,
  afterMs: number,
  afterDay: string | null = null,
): Occurrence | null {
  if (schedule.paused) return null;
  const first = localDay(timeZone, afterMs);
  for (let ahead = 0; ahead < MAX_DAYS_AHEAD; ahead++) {
    const day = dayAfter(first, ahead);
    if (afterDay !== null && day <= afterDay) continue;
    if (!schedule.weekdays.includes(weekdayOf(day)) || schedule.skips.includes(day)) continue;
    const atMs = atMsOf(timeZone, day, schedule.minuteOfDay);
    if (atMs > afterMs) return { day, atMs };
  }
  return null;
}

/** The moment (unix ms) at which clocks there show this time on this day: see `momentOf` for one that comes twice or not at all. */
export function atMsOf(timeZone: string, day: string, minuteOfDay: number): number {
  return momentOf(timeZone, Date.parse(`${day}T00:00:00Z`) + minuteOfDay * MINUTE_MS);
}

export function weekdayOf(day: string): number {
  // 1970-01-01 was a Thursday
  return ((Math.floor(Date.parse(`${day}T00:00:00Z`) / DAY_MS) + 3) % 7) + 1;
}
