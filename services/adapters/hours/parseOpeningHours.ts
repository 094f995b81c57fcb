import OpeningHours, { type opening_hours } from 'opening_hours';
import type { WeeklyHours } from '#core/matching/hours.ts';

export type ParsedHours =
  { readonly ok: true; readonly hours: WeeklyHours } | { readonly ok: false; readonly because: 'syntax' | 'unknown' };

/**
 * The week that stands for all: Monday 2026-01-19, without a change of clocks anywhere and without holidays in our
 * countries. Hours by season are those of winter.
 */
const MONDAY = [2026, 0, 19] as const;
const DAY_MINUTES = 24 * 60;
const WEEK_MINUTES = 7 * DAY_MINUTES;
/** OpenStreetMap's own limit of a value. */
const MAX_LENGTH = 255;

/**
 * OpenStreetMap's opening_hours as our weekly hours; the same text always gives the same hours.
 * `closed` is no error: hours that are never open. Open ends and "by appointment" are unknown.
 * @param country ISO 3166-1 alpha-2, lower case: whose public holidays are meant by `PH`
 */
export function parseOpeningHours(text: string, country = 'fi'): ParsedHours {
  if (text.length > MAX_LENGTH) return { ok: false, because: 'syntax' };
  const parsed = parse(text, country);
  if (parsed === null) return { ok: false, because: 'syntax' };
  const [year, month, day] = MONDAY;
  const intervals = parsed.getOpenIntervals(new Date(year, month, day), new Date(year, month, day + 7));
  if (intervals.some(([, , isUnknown]) => isUnknown)) return { ok: false, because: 'unknown' };
  return { ok: true, hours: wrapped(intervals.map(([from, to]) => [minuteOf(from), minuteOf(to)])) };
}

function parse(text: string, country: string): opening_hours | null {
  try {
    return new OpeningHours(text, { lat: 0, lon: 0, address: { country_code: country, state: '' } });
  } catch {
    // The library's word for text it can't read.
    return null;
  }
}

/** Minutes since Monday 00:00 of a local time in the week, or at its end; the library reckons in this machine's zone. */
function minuteOf(date: Date): number {
  const [year, month, day] = MONDAY;
  const days = Math.round(
    (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - Date.UTC(year, month, day)) / 86_400_000,
  );
  return days * DAY_MINUTES + date.getHours() * 60 + date.getMinutes();
}

/** Sunday night's opening that lasts into Monday comes in two pieces, one at each end of the week: one again. */
function wrapped(intervals: [number, number][]): WeeklyHours {
  const first = intervals[0];
  const last = intervals.at(-1);
  if (first === undefined || last === undefined || intervals.length < 2) return intervals;
  if (first[0] !== 0 || last[1] !== WEEK_MINUTES || first[1] > DAY_MINUTES) return intervals;
  return [...intervals.slice(1, -1), [last[0], WEEK_MINUTES + first[1]]];
}
