/** A tap: something a person did that the server must hear of, whatever becomes of this page. */
export type TapKind =
  | 'accept'
  | 'decline'
  | 'release'
  | 'handover'
  | 'post'
  | 'photo'
  | 'cancel'
  | 'replay'
  | 'assign'
  | 'withdraw'
  | 'extend'
  | 'pause'
  | 'resume'
  | 'window-save'
  | 'window-skip'
  | 'window-unskip'
  | 'window-remove';

export interface Tap {
  /** the Idempotency-Key: however often it is sent, it has one effect */
  readonly id: string;
  /** who tapped, as `Member.owner`; never sent in another's name */
  readonly owner: string;
  readonly kind: TapKind;
  /** the offer or surplus it is about; taps on one subject are sent in their order */
  readonly subject: string;
  readonly method: 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  /** JSON, or a Blob as it is; null: none */
  readonly body: unknown;
  /** a time in the body that was counted from this phone's own clock: put right before it is first sent */
  readonly ownTime?: string;
  /** unix ms by this phone's clock */
  readonly atMs: number;
  readonly state: 'queued' | 'sent' | 'refused';
  /** tries that got no answer */
  readonly tries: number;
  /** unix ms by this phone's clock; not before */
  readonly nextTryAtMs: number;
  /** when it was sent or refused */
  readonly doneAtMs: number | null;
  readonly refusal: Refusal | null;
}

export interface Refusal {
  /** last part of the problem's type, e.g. `offer-lapsed` */
  readonly code: string;
  /** the server's own words, in English */
  readonly detail: string;
}

export type NewTap = Pick<Tap, 'owner' | 'kind' | 'subject' | 'method' | 'path' | 'body' | 'ownTime'>;

export function newTap(given: NewTap, id: string, nowMs: number): Tap {
  return { ...given, id, atMs: nowMs, state: 'queued', tries: 0, nextTryAtMs: nowMs, doneAtMs: null, refusal: null };
}

const MINUTE_MS = 60_000;

/**
 * By the server's clock, once it is known: under one key it is the same body each time it is sent.
 * @param aheadMs how far the server's clock is ahead of this phone's; null: not known yet
 */
export function onServerClock(tap: Tap, aheadMs: number | null, nowMs: number): Tap {
  const { ownTime, ...rest } = tap;
  if (ownTime === undefined || aheadMs === null) return tap;
  const body = tap.body as Record<string, unknown>;
  // Nothing is tapped later than now: else this clock was fast, and has been put right since.
  const movedMs = Math.min(aheadMs, nowMs + aheadMs - tap.atMs);
  const atMs = Date.parse(String(body[ownTime])) + movedMs;
  return { ...rest, body: { ...body, [ownTime]: new Date(Math.floor(atMs / MINUTE_MS) * MINUTE_MS).toISOString() } };
}

/** What came of sending a tap once. */
export type Outcome =
  | { readonly outcome: 'sent' }
  | { readonly outcome: 'refused'; readonly refusal: Refusal }
  /** no answer, or not now: the same key again later. @see retryAfterMs of the server, if it said so */
  | { readonly outcome: 'later'; readonly retryAfterMs: number | null }
  /** nobody is signed in here: it waits for its owner */
  | { readonly outcome: 'signed-out' };

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
/** Sent long ago is no news. */
const SENT_KEPT_MS = 24 * 3_600_000;
const REFUSED_KEPT_MS = 7 * SENT_KEPT_MS;
/** By then food is eaten or spoiled, and its picture of no use. Tries are counted besides: a clock may have been put forward. */
const PHOTO_TRIED_FOR_MS = 6 * 3_600_000;
const PHOTO_TRIES = 20;

export function after(tap: Tap, outcome: Outcome, nowMs: number): Tap {
  switch (outcome.outcome) {
    case 'sent':
      return { ...tap, state: 'sent', doneAtMs: nowMs };
    case 'refused':
      return { ...tap, state: 'refused', doneAtMs: nowMs, refusal: outcome.refusal };
    case 'later': {
      if (isHopeless(tap, nowMs)) {
        const refusal = { code: 'photo-late', detail: '' };
        return after(tap, { outcome: 'refused', refusal }, nowMs);
      }
      const waitMs = outcome.retryAfterMs ?? Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(tap.tries, 10));
      return { ...tap, tries: tap.tries + 1, nextTryAtMs: nowMs + waitMs };
    }
    case 'signed-out':
      return tap;
  }
}

function isHopeless(tap: Tap, nowMs: number): boolean {
  return isPhoto(tap) && tap.tries >= PHOTO_TRIES && nowMs - tap.atMs > PHOTO_TRIED_FOR_MS;
}

/** It may take minutes, and everything else goes before it. */
export function isPhoto({ kind }: Pick<Tap, 'kind'>): boolean {
  return kind === 'photo';
}

/**
 * The oldest queued tap of each subject, if its time has come: a later tap never overtakes an earlier one. Photos come last: food
 * never waits for its picture.
 */
export function due(taps: readonly Tap[], owner: string, nowMs: number): Tap[] {
  const firsts = new Map<string, Tap>();
  const queued = taps.filter((tap) => tap.owner === owner && tap.state === 'queued');
  for (const tap of queued.toSorted((a, b) => a.atMs - b.atMs)) {
    if (!firsts.has(tap.subject)) firsts.set(tap.subject, tap);
  }
  const ready = [...firsts.values()].filter((tap) => tap.nextTryAtMs <= nowMs);
  return ready.toSorted((a, b) => Number(isPhoto(a)) - Number(isPhoto(b)));
}

/** Once all operators were this on a phone: whose such a tap is, nobody knows any more. */
const ANY_OPERATOR = 'operator:';

/** @returns a tap of nobody's as whoever is signed in now is told of it; null: it is somebody's, or no operator is here */
export function disowned(tap: Tap, owner: string, nowMs: number): Tap | null {
  if (tap.state !== 'queued' || tap.owner !== ANY_OPERATOR || !owner.startsWith(ANY_OPERATOR)) return null;
  const refusal = { code: 'nobodys', detail: '' };
  return { ...after(tap, { outcome: 'refused', refusal }, nowMs), owner };
}

export function isStale(tap: Tap, nowMs: number): boolean {
  if (tap.doneAtMs === null) return false;
  return nowMs - tap.doneAtMs > (tap.state === 'sent' ? SENT_KEPT_MS : REFUSED_KEPT_MS);
}

const NEWS_MS = 60_000;

/** What was sent is news for a minute. */
export function isNews(tap: Tap, nowMs: number): boolean {
  const agoMs = nowMs - (tap.doneAtMs ?? 0);
  return tap.state !== 'sent' || (agoMs >= 0 && agoMs < NEWS_MS);
}

/**
 * Something was tapped that the list does not show yet. A time to come is of a clock that was put back since: then a tap is
 * done with, and a list is old.
 * @param seenAtMs when the list was asked for
 */
export function isUnseen(tap: Tap, seenAtMs: number, nowMs: number): boolean {
  if (tap.state !== 'sent') return tap.state === 'queued';
  const doneAtMs = tap.doneAtMs ?? 0;
  return doneAtMs <= nowMs && doneAtMs > (seenAtMs > nowMs ? 0 : seenAtMs);
}

/** @param status of the HTTP answer. @param code of its problem; `http-<status>`: it is none, so not of our server */
export function outcomeOf(status: number, code: string, detail: string, retryAfterMs: number | null): Outcome {
  if (status >= 200 && status < 300) return { outcome: 'sent' };
  if (status === 401) return { outcome: 'signed-out' };
  // What stands between has no say in it (a gateway's 404 while we are being replaced), but for what it never lets through.
  const isAnothers = code === `http-${String(status)}` && status !== 413;
  const isTemporary = status >= 500 || status === 408 || status === 425 || status === 429 || code === 'in-flight';
  if (isTemporary || isAnothers) return { outcome: 'later', retryAfterMs };
  return { outcome: 'refused', refusal: { code, detail } };
}
