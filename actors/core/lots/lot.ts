import type { Category, Storage, Temperature } from '../words/food.ts';
import type { CellToken, DonorId, LotId, OfferId, RecipientId, RegionToken } from '../words/ids.ts';

export const LOT_STATES = ['posted', 'offered', 'claimed', 'rematching', 'collected', 'expired', 'cancelled'] as const;
export type LotState = (typeof LOT_STATES)[number];

/** The picture in docs/states.md, as data: which state may follow which. Ends have no successor. */
export const NEXT_STATES: Record<LotState, readonly LotState[]> = {
  posted: ['offered', 'rematching', 'expired', 'cancelled'],
  offered: ['offered', 'claimed', 'rematching', 'expired', 'cancelled'],
  claimed: ['claimed', 'collected', 'rematching', 'expired', 'cancelled'],
  rematching: ['offered', 'rematching', 'expired', 'cancelled'],
  collected: [],
  expired: [],
  cancelled: [],
};

export function isEnd(state: LotState): boolean {
  return NEXT_STATES[state].length === 0;
}

export const OFFER_STATES = [
  'open',
  'claimed',
  'declined',
  'lapsed',
  'released',
  'collected',
  'expired',
  'withdrawn',
] as const;
export type OfferState = (typeof OFFER_STATES)[number];

/** One reason why a recipient was chosen, as data and as a short English text. */
export interface Reason {
  readonly code: 'distance' | 'hours' | 'need' | 'share' | 'capacity' | 'urgency' | 'fallback' | 'assigned';
  readonly text: string;
  readonly [detail: string]: string | number;
}

export interface Offer {
  readonly id: OfferId;
  /** 1, 2, 3 … within its lot */
  readonly attempt: number;
  readonly recipientId: RecipientId;
  readonly recipientName: string;
  readonly state: OfferState;
  readonly quantityGrams: number;
  /** unix ms; until when to answer (a fallback offer: until safe-until) */
  readonly deadlineMs: number;
  readonly distanceMeters: number;
  readonly travelSeconds: number;
  readonly travelSource: 'route' | 'estimate';
  readonly reasons: readonly Reason[];
  /** put to the food bank of last resort: needs no answer */
  readonly fallback: boolean;
  readonly offeredAtMs: number;
  readonly answeredAtMs: number | null;
  /** which handover code is valid: a new one each time the donor asks anew after a lock */
  readonly codeGeneration: number;
  readonly wrongCodes: number;
  /** the recipient's zone, by whose days its daily capacity counts */
  readonly timeZone: string;
}

export interface Lot {
  readonly id: LotId;
  readonly rootId: LotId;
  readonly parentId: LotId | null;
  readonly cell: CellToken;
  readonly region: RegionToken;
  readonly donorId: DonorId;
  readonly state: LotState;
  /** one more with each state it passes through */
  readonly version: number;
  /** what this lot holds now; a split moves grams to its child */
  readonly quantityGrams: number;
  /** what was posted: of a root, the grams of the post; of a child, 0 */
  readonly postedGrams: number;
  readonly servings: number | null;
  readonly category: Category;
  readonly storage: Storage;
  readonly postedAtMs: number;
  readonly readyFromMs: number;
  readonly safeUntilMs: number;
  readonly lat: number;
  readonly lon: number;
  readonly note: string | null;
  /** what the donor said of hot or chilled food; null: nothing */
  readonly temperature: Temperature | null;
  /** id of its photo, which is kept elsewhere and not for ever */
  readonly photo: string | null;
  /** offers made so far */
  readonly attempt: number;
  /** tries in a row that ended unanswered or found nobody; three of them lead to the fallback */
  readonly tries: number;
  /** how far to look for a recipient, metres; grows with each empty search */
  readonly radiusMeters: number;
  /** who had this food before, and is left out */
  readonly tried: readonly RecipientId[];
  /** every offer so far, oldest first; at most the last is open or claimed */
  readonly offers: readonly Offer[];
  /** unix ms; when something must happen next; null once ended */
  readonly nextActionAtMs: number | null;
  /** unix ms; by when a claim should be collected */
  readonly pickupByMs: number | null;
  readonly reminded: boolean;
  /** it went through the dead-letter stream to the food bank of last resort */
  readonly deadLettered: boolean;
}

/** The offer that holds the lot now (open or claimed), if any. */
export function currentOffer(lot: Lot): Offer | null {
  const last = lot.offers.at(-1);
  return last !== undefined && (last.state === 'open' || last.state === 'claimed') ? last : null;
}

/** Steps an operator made; their `detail` is an OverrideNote as JSON. */
export const OVERRIDE_REASONS = ['assigned', 'withdrawn', 'extended'] as const;
export type OverrideReason = (typeof OVERRIDE_REASONS)[number];
export interface OverrideNote {
  readonly by: string;
  readonly why: string;
}

/** Why a lot went from one state to the next. */
export type TransitionReason =
  | 'posted'
  | 'split'
  | 'matched'
  | 'accepted'
  | 'declined'
  | 'lapsed'
  | 'released'
  | 'not-collected'
  | 'no-candidate'
  | 'fallback'
  | 'collected'
  | 'expired'
  | 'cancelled'
  | 'replayed'
  | 'reminded'
  | OverrideReason;

/** One row of matching_history. */
export interface Transition {
  readonly lotId: LotId;
  readonly version: number;
  readonly from: LotState | null;
  readonly to: LotState;
  readonly reason: TransitionReason;
  readonly offerId: OfferId | null;
  readonly recipientId: RecipientId | null;
  readonly detail: string | null;
  readonly quantityGrams: number;
  /** unix ms */
  readonly atMs: number;
  /** unix ms; PostgreSQL refuses the write before this time: nothing lapses or expires early; null: any time */
  readonly notBeforeMs: number | null;
}
