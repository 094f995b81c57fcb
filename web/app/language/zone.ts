/** Times of day in an organisation's zone, with its name: Indonesia has three. */
const INDONESIAN: Readonly<Record<string, string>> = {
  'Asia/Jakarta': 'WIB',
  'Asia/Pontianak': 'WIB',
  'Asia/Makassar': 'WITA',
  'Asia/Jayapura': 'WIT',
};
const DAY_MS = 86_400_000;

/** @returns e.g. `21.30 WIB`, or with its day when that is not today: `Min, 22 Nov, 09.00 WIB` */
export function timeIn(timeZone: string, locale: string, atMs: number, nowMs: number): string {
  const clock = new Intl.DateTimeFormat(locale, { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const day = new Intl.DateTimeFormat(locale, { timeZone, weekday: 'short', day: 'numeric', month: 'short' });
  const time = `${clock.format(atMs)} ${zoneName(timeZone, locale, atMs)}`;
  return day.format(atMs) === day.format(nowMs) ? time : `${day.format(atMs)}, ${time}`;
}

export function zoneName(timeZone: string, locale: string, atMs: number): string {
  const indonesian = INDONESIAN[timeZone];
  if (indonesian !== undefined) return indonesian;
  const parts = new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: 'short' }).formatToParts(atMs);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? timeZone;
}

/** The next time that clocks there show this hour, at least `atLeastMs` away. @returns unix ms */
export function nextAt(hour: number, timeZone: string, nowMs: number, atLeastMs: number): number {
  const hourThere = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', hourCycle: 'h23' });
  const step = 15 * 60_000;
  let atMs = Math.ceil((nowMs + atLeastMs) / step) * step;
  const last = atMs + 2 * DAY_MS;
  // The first quarter of an hour that has this hour's name is its beginning.
  while (atMs < last && !(Number(hourThere.format(atMs)) === hour && Number(hourThere.format(atMs - step)) !== hour))
    atMs += step;
  return atMs;
}
