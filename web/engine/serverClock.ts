/** Countdowns go by the server's clock: a phone's own may be hours off. */
let offsetMs = 0;
let known = false;

/** @param date the Date header: whole seconds, so half a second is added */
export function heardServerTime(date: string | null): void {
  const atMs = date === null ? Number.NaN : Date.parse(date);
  if (!Number.isFinite(atMs)) return;
  const heardMs = atMs + 500 - Date.now();
  // Each header is exact to a second: small changes are only its rounding.
  if (!known || Math.abs(heardMs - offsetMs) > 1_000) offsetMs = heardMs;
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
