/** Countdowns go by the server's clock: a phone's own may be hours off. */
let offsetMs = 0;
let known = false;

/** Each header is exact to a second: within half of one more nothing has changed but its rounding. */
const ROUNDED_MS = 1_000;
const SLACK_MS = 500;

/**
 * Its time is of some moment while the answer was on its way: of a slow one nobody knows which, and it only counts when it rules
 * out what was known before.
 * @param date the Date header. @param tookMs from the question to the answer
 */
export function heardServerTime(date: string | null, tookMs: number): void {
  const atMs = date === null ? Number.NaN : Date.parse(date);
  if (!Number.isFinite(atMs)) return;
  const leastMs = atMs - Date.now();
  const mostMs = leastMs + ROUNDED_MS + tookMs;
  const isPossible = offsetMs >= leastMs - SLACK_MS && offsetMs <= mostMs + SLACK_MS;
  if (!known || !isPossible) offsetMs = (leastMs + mostMs) / 2;
  known = true;
}

/** How far the server's clock is ahead of this phone's; null: not heard yet. */
export function serverAheadMs(): number | null {
  return known ? offsetMs : null;
}

/** unix ms */
export function serverNowMs(): number {
  return Date.now() + offsetMs;
}
