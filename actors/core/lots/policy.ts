/** The numbers the rules turn on; all times in ms. Configuration sets the first two, the rest are the house's. */
export interface Policy {
  /** how long a recipient may think */
  readonly ackTimeoutMs: number;
  /** unit of the wait between empty searches: 2^tries of these */
  readonly retryBaseMs: number;
  /** S2 level of regions */
  readonly regionLevel: number;
  /** first search radius, metres */
  readonly radiusMeters: number;
}

export function policyOf(ackTimeoutMs: number, radiusMeters = 8_000, regionLevel = 9): Policy {
  // One minute at the default ACK time of five; a demo with 8 s retries in seconds too.
  return { ackTimeoutMs, retryBaseMs: ackTimeoutMs / 5, radiusMeters, regionLevel };
}

/** Tries in a row, unanswered or empty, before the food bank of last resort. */
export const MAX_TRIES = 3;
/** The radius grows by this factor with each empty search … */
export const RADIUS_GROWTH = 1.5;
/** … up to what anybody would travel for food. */
export const MAX_RADIUS_METERS = 50_000;
/** RematchRequired normally arrives within 100 ms; if the message is lost the sweep acts after this. */
export const REMATCH_GUARD_MS = 5_000;
/** However near the end is, nobody is looked for more often than this. */
export const MIN_RETRY_MS = 5_000;
/** Candidates are being rebuilt: ask again. */
export const NOT_READY_RETRY_MS = 2_000;
/** A posted lot waits no longer than that: if it seems to, the clock was ahead when it was told to. */
export const LONGEST_POSTED_MS = 30_000;
/** From claim to collection, beyond the travel time. */
export const PICKUP_WINDOW_MS = 60 * 60_000;
/** From the reminder to the release. */
export const PICKUP_GRACE_MS = 15 * 60_000;
/** A handover may still be recorded this long after safe-until (offline phones). */
export const LATE_HANDOVER_MS = 60 * 60_000;
export const MAX_WRONG_CODES = 5;
