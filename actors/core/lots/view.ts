import { currentOffer, type Lot, type Offer, type Reason } from './lot.ts';
import type { Temperature } from '../words/food.ts';

/** What the API shows of an offer; times RFC 3339. */
export interface OfferView {
  readonly id: string;
  readonly surplusId: string;
  readonly state: string;
  readonly recipientId: string;
  readonly recipientName: string;
  readonly quantityGrams: number;
  readonly deadline: string;
  readonly distanceMeters: number;
  readonly travelSeconds: number;
  readonly travelSource: 'route' | 'estimate';
  readonly fallback: boolean;
  readonly offeredAt: string;
  readonly answeredAt: string | null;
  readonly pickupBy: string | null;
  readonly reasons: readonly Reason[];
}

/** What the API shows of a surplus. */
export interface SurplusView {
  readonly id: string;
  readonly rootId: string;
  readonly parentId: string | null;
  readonly donorId: string;
  readonly state: string;
  readonly version: number;
  readonly cell: string;
  readonly region: string;
  readonly category: string;
  readonly storage: string;
  readonly quantityGrams: number;
  readonly postedGrams: number;
  readonly servings: number | null;
  readonly postedAt: string;
  readonly readyFrom: string;
  readonly safeUntil: string;
  readonly location: { readonly lat: number; readonly lon: number };
  readonly note: string | null;
  readonly temperature: Temperature | null;
  readonly photo: string | null;
  readonly attempt: number;
  readonly tries: number;
  readonly deadLettered: boolean;
  readonly nextActionAt: string | null;
  readonly offer: OfferView | null;
  /** the other lots of the same post: splits of it, or what it was split from */
  readonly lots: readonly SurplusView[];
}

export function offerView(lot: Lot, offer: Offer): OfferView {
  return {
    id: offer.id,
    surplusId: lot.id,
    state: offer.state,
    recipientId: offer.recipientId,
    recipientName: offer.recipientName,
    quantityGrams: offer.quantityGrams,
    deadline: rfc3339(offer.deadlineMs),
    distanceMeters: Math.round(offer.distanceMeters),
    travelSeconds: offer.travelSeconds,
    travelSource: offer.travelSource,
    fallback: offer.fallback,
    offeredAt: rfc3339(offer.offeredAtMs),
    answeredAt: offer.answeredAtMs === null ? null : rfc3339(offer.answeredAtMs),
    pickupBy: offer.state === 'claimed' && lot.pickupByMs !== null ? rfc3339(lot.pickupByMs) : null,
    reasons: offer.reasons,
  };
}

/** @param family the other lots of the same post, if they shall be shown */
export function surplusView(lot: Lot, family: readonly Lot[] = []): SurplusView {
  const offer = currentOffer(lot);
  return {
    id: lot.id,
    rootId: lot.rootId,
    parentId: lot.parentId,
    donorId: lot.donorId,
    state: lot.state,
    version: lot.version,
    cell: lot.cell,
    region: lot.region,
    category: lot.category,
    storage: lot.storage,
    quantityGrams: lot.quantityGrams,
    postedGrams: lot.postedGrams,
    servings: lot.servings,
    postedAt: rfc3339(lot.postedAtMs),
    readyFrom: rfc3339(lot.readyFromMs),
    safeUntil: rfc3339(lot.safeUntilMs),
    location: { lat: lot.lat, lon: lot.lon },
    note: lot.note,
    temperature: lot.temperature,
    photo: lot.photo,
    attempt: lot.attempt,
    tries: lot.tries,
    deadLettered: lot.deadLettered,
    nextActionAt: lot.nextActionAtMs === null ? null : rfc3339(lot.nextActionAtMs),
    offer: offer === null ? null : offerView(lot, offer),
    lots: family.filter((other) => other.id !== lot.id).map((other) => surplusView(other)),
  };
}

function rfc3339(atMs: number): string {
  return new Date(atMs).toISOString();
}
