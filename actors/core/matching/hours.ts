import { clockOf } from '../words/calendar.ts';

/** Weekly opening hours: half-open intervals of minutes since Monday 00:00 local time; 0 ≤ from < to ≤ 10,080 + 1,440. */
export type WeeklyHours = readonly (readonly [fromMinute: number, toMinute: number])[];

const WEEK_MINUTES = 7 * 24 * 60;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** 1970-01-01 was a Thursday: Monday 00:00 came 3 days earlier. */
const EPOCH_MINUTE_OF_WEEK = 3 * 24 * 60;

const formatters = new Map<string, Intl.DateTimeFormat>();
/** by time zone, by quarter of an hour since 1970 */
const offsets = new Map<string, Map<number, number>>();
const MAX_QUARTERS = 1_000;
/** There are some 600, in any case of letters: a formatter is 30 KB, and whoever may send names would fill our memory with spellings. */
const MAX_ZONES = 700;

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(timeZone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
    if (formatters.size >= MAX_ZONES) formatters.clear();
    formatters.set(timeZone, formatter);
  }
  return formatter;
}

/** An IANA time zone, as this process knows them. */
export function isTimeZone(name: string): boolean {
  try {
    formatterOf(name);
    return true;
  } catch {
    return false;
  }
}

/** Minutes east of UTC at a time (unix ms); cached per quarter of an hour, the finest step any zone changes at. */
export function utcOffsetMinutes(timeZone: string, atMs: number): number {
  const quarter = Math.floor(atMs / (15 * MINUTE_MS));
  const ofZone = offsets.get(timeZone) ?? new Map<number, number>();
  const known = ofZone.get(quarter);
  if (known !== undefined) return known;
  const name = formatterOf(timeZone)
    .formatToParts(quarter * 15 * MINUTE_MS)
    .find((part) => part.type === 'timeZoneName')?.value;
  const match = /GMT([+-])(\d{2}):(\d{2})/.exec(name ?? '');
  const minutes = match === null ? 0 : (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]));
  if (ofZone.size > MAX_QUARTERS) ofZone.clear();
  if (offsets.size >= MAX_ZONES) offsets.clear();
  offsets.set(timeZone, ofZone.set(quarter, minutes));
  return minutes;
}

/** Minute of the local week, 0 to 10,079, Monday first. */
function minuteOfWeek(atMs: number, offsetMinutes: number): number {
  const local = atMs / MINUTE_MS + offsetMinutes;
  return (((Math.floor(local) + EPOCH_MINUTE_OF_WEEK) % WEEK_MINUTES) + WEEK_MINUTES) % WEEK_MINUTES;
}

/** The local day as `YYYY-MM-DD`: what a day's capacity counts by. */
export function localDay(timeZone: string, atMs: number): string {
  return new Date(atMs + utcOffsetMinutes(timeZone, atMs) * MINUTE_MS).toISOString().slice(0, 10);
}

/** Local wall-clock time as `HH:MM`. */
export function localTime(timeZone: string, atMs: number): string {
  return clockOf(minuteOfWeek(atMs, utcOffsetMinutes(timeZone, atMs)));
}

/**
 * The moment (unix ms) at which clocks there show this time. One that comes twice, when clocks go back, is the first; one that doesn't
 * come, when they go forward, is as much later as they jump.
 * @param wallMs what they show, as if it were UTC
 */
export function momentOf(timeZone: string, wallMs: number): number {
  const before = utcOffsetMinutes(timeZone, wallMs - DAY_MS);
  const after = utcOffsetMinutes(timeZone, wallMs + DAY_MS);
  const byBefore = wallMs - before * MINUTE_MS;
  if (utcOffsetMinutes(timeZone, byBefore) === before) return byBefore;
  const byAfter = wallMs - after * MINUTE_MS;
  return utcOffsetMinutes(timeZone, byAfter) === after ? byAfter : byBefore;
}

/** When clocks there, now at `offset`, have gone on so many minutes: a night in which they change is longer or shorter. */
function afterByClock(timeZone: string, atMs: number, offset: number, minutes: number): number {
  const straightMs = (Math.floor(atMs / MINUTE_MS) + minutes) * MINUTE_MS;
  if (utcOffsetMinutes(timeZone, straightMs) === offset) return straightMs;
  return momentOf(timeZone, straightMs + offset * MINUTE_MS);
}

/** When the place that is open at `atMs` closes (unix ms), or null when it is closed then. Always open: Infinity. */
export function openUntilMs(hours: WeeklyHours, timeZone: string, atMs: number): number | null {
  const offset = utcOffsetMinutes(timeZone, atMs);
  const start = minuteOfWeek(atMs, offset);
  let minute = start;
  const limit = start + WEEK_MINUTES;
  for (;;) {
    const end = closingMinute(hours, minute);
    if (end === null) break;
    minute = end;
    if (minute >= limit) return Number.POSITIVE_INFINITY;
  }
  if (minute === start) return null;
  return afterByClock(timeZone, atMs, offset, minute - start);
}

/** The end of the interval that holds `minute` (which may lie beyond one week), or null. */
function closingMinute(hours: WeeklyHours, minute: number): number | null {
  const inWeek = minute % WEEK_MINUTES;
  for (const [from, to] of hours) {
    if (from <= inWeek && inWeek < to) return minute + (to - inWeek);
    if (from <= inWeek + WEEK_MINUTES && inWeek + WEEK_MINUTES < to) return minute + (to - inWeek - WEEK_MINUTES);
  }
  return null;
}

/**
 * The later of two spans that are open at the same time, by its place in `hours`; null: none are. The end of one may be the
 * beginning of the next. A span that ends in the next week meets that week's Monday.
 */
export function overlapOf(hours: WeeklyHours): number | null {
  const spans = hours.map(([from, to], index) => ({ from, to, index })).sort((a, b) => a.from - b.from);
  const overlaps = spans.find(({ from }, n) => {
    const before = spans[n - 1] ?? lastWeeks(spans.at(-1));
    return before !== undefined && before.to > from;
  });
  return overlaps?.index ?? null;
}

function lastWeeks(span: { readonly to: number } | undefined): { readonly to: number } | undefined {
  return span === undefined ? undefined : { to: span.to - WEEK_MINUTES };
}

/** The next opening after `atMs` (unix ms), or null when it never opens. */
export function nextOpeningMs(hours: WeeklyHours, timeZone: string, atMs: number): number | null {
  const offset = utcOffsetMinutes(timeZone, atMs);
  const now = minuteOfWeek(atMs, offset);
  let best: number | null = null;
  for (const [from] of hours) {
    const wait = ((from % WEEK_MINUTES) - now + WEEK_MINUTES) % WEEK_MINUTES || WEEK_MINUTES;
    if (best === null || wait < best) best = wait;
  }
  return best === null ? null : afterByClock(timeZone, atMs, offset, best);
}
