import type { Category, Storage, Temperature } from '../words/food.ts';
import { lotIdOfOffer, type DonorId, type LotId, type OfferId, type RecipientId } from '../words/ids.ts';
import type { OfferView, SurplusView } from './view.ts';

interface Base {
  /** unique per effect: an Idempotency-Key's row, an event's, a sweep's; a repeat gets the first answer */
  readonly id: string;
  /** keyed digest of what was asked; another one under the same id is refused; null: the id says it all */
  readonly fingerprint: string | null;
}

export interface Post extends Base {
  readonly kind: 'post';
  readonly lotId: LotId;
  readonly donorId: DonorId;
  readonly lat: number;
  readonly lon: number;
  readonly category: Category;
  readonly storage: Storage;
  readonly quantityGrams: number;
  readonly servings: number | null;
  readonly readyFromMs: number | null;
  readonly safeUntilMs: number;
  readonly note: string | null;
  /** left out: the donor was not asked, or by an api of a version before */
  readonly temperature?: Temperature | null;
  /** id of its photo; left out: none */
  readonly photo?: string | null;
  /** left out: it is not */
  readonly donorPaused?: boolean;
}
interface OnOffer extends Base {
  readonly offerId: OfferId;
  readonly recipientId: RecipientId;
}
export interface Accept extends OnOffer {
  readonly kind: 'accept';
  /** a part; null: all */
  readonly quantityGrams: number | null;
}
export interface Decline extends OnOffer {
  readonly kind: 'decline';
  readonly reason: string;
}
export interface Release extends OnOffer {
  readonly kind: 'release';
  readonly reason: string;
}
export interface Handover extends OnOffer {
  readonly kind: 'handover';
  /** 8 digits; never stored */
  readonly code: string;
  readonly quantityGrams: number | null;
  /** the recipient confirms that hot food is 63 °C or hotter; without it hot food is not handed over */
  readonly hotEnough?: boolean;
}
/** The donor asks for the handover code: unlocks it, with a new one, after too many wrong tries. */
export interface RenewCode extends Base {
  readonly kind: 'renew-code';
  readonly offerId: OfferId;
  readonly donorId: DonorId;
}
export interface Cancel extends Base {
  readonly kind: 'cancel';
  readonly lotId: LotId;
  /** null: an operator */
  readonly donorId: DonorId | null;
  /** If-Match: the version the caller saw; null: any */
  readonly ifVersion: number | null;
}
/** RematchRequired was consumed. Idempotent by lot and version. */
export interface Rematch extends Base {
  readonly kind: 'rematch';
  readonly lotId: LotId;
  readonly version: number;
}
/** A dead letter was consumed: assign the food bank of last resort. */
export interface Fallback extends Base {
  readonly kind: 'fallback';
  readonly lotId: LotId;
  readonly version: number;
}
/** An operator replays a dead letter: start anew, with everyone. */
export interface Replay extends Base {
  readonly kind: 'replay';
  readonly lotId: LotId;
}
/** What an operator does over the rules' head; who and why stand in the lot's history beside it. */
interface Override extends Base {
  readonly lotId: LotId;
  readonly by: string;
  readonly why: string;
}
/** Put the lot to this recipient next, whoever is near or was tried. */
export interface Assign extends Override {
  readonly kind: 'assign';
  readonly recipientId: RecipientId;
}
/** Take the lot back from whoever was offered it or has claimed it; the next recipient is looked for. */
export interface Withdraw extends Override {
  readonly kind: 'withdraw';
}
/** More time to answer the open offer, or to collect the claim. */
export interface Extend extends Override {
  readonly kind: 'extend';
  /** unix ms */
  readonly untilMs: number;
}
/** Something is due: the lot itself says what. */
export interface Wake extends Base {
  readonly kind: 'wake';
  readonly lotId: LotId;
}

export type Command =
  | Post
  | Accept
  | Decline
  | Release
  | Handover
  | RenewCode
  | Cancel
  | Assign
  | Withdraw
  | Extend
  | Rematch
  | Fallback
  | Replay
  | Wake;

/** Domain refusals are return values; services/api maps each to a status and a docs page. */
export type Refusal =
  | 'not-found'
  | 'offer-lapsed'
  | 'offer-closed'
  | 'already-claimed'
  | 'capacity'
  | 'quantity'
  | 'wrong-code'
  | 'code-locked'
  | 'too-cold'
  | 'stale-version'
  | 'key-reuse'
  | 'unsafe'
  | 'unsuitable'
  | 'deadline'
  | 'not-now'
  | 'donor-paused'
  | 'poisoned';

export type Answer =
  | { readonly ok: true; readonly surplus: SurplusView | null; readonly offer: OfferView | null }
  | { readonly ok: false; readonly refused: Refusal; readonly detail: string };

/** The lot a command is about. */
export function lotIdOfCommand(command: Command): LotId {
  if ('lotId' in command) return command.lotId;
  return lotIdOfOffer(command.offerId);
}

/**
 * Does this command leave a row under its id? People's always: the same key gets the same answer for ever after.
 * An event's, when it did something. A wake never: what is due is guarded by the lot's own times, and the same lot may be
 * woken at the same version more than once.
 */
export function leavesRow(command: Command, didSomething: boolean): boolean {
  return command.fingerprint !== null || (didSomething && command.kind !== 'wake');
}
