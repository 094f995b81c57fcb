/** What of a lot event each one is told: donors of their lots, recipients of their own offers, operators of all. */
import type { FeedEvent } from '#adapters/nats/lotFeed.ts';
import type { OfferState, TransitionReason } from '#core/lots/lot.ts';
import type { Lot, Offer } from '#proto/gen/pahlawan/v1/events_pb.js';
import type { Principal } from '../auth/principal.ts';

export interface Notice {
  readonly event: 'surplus' | 'offer';
  readonly data: object;
}

/** Scopes (see principalOf) that an event may concern; operators are told of everything. */
export function scopesOf({ lot, event }: FeedEvent): ReadonlySet<string> {
  const recipients = [lot.offer?.recipientId, ...event.transitions.map((each) => each.recipientId)];
  const scopes = recipients.flatMap((id) => (id === undefined || id === '' ? [] : [`recipient:${id}`]));
  return new Set([`donor:${lot.donorId}`, ...scopes]);
}

/**
 * null: it is none of theirs, or nothing that can be shown. What comes over the bus is not believed: by an event that throws nobody who comes back
 * would get past it.
 */
export function noticeFor(principal: Principal, feedEvent: FeedEvent): Notice | null {
  try {
    return noticeOf(principal, feedEvent);
  } catch {
    return null;
  }
}

function noticeOf(principal: Principal, feedEvent: FeedEvent): Notice | null {
  const { lot } = feedEvent;
  if (principal.role === 'recipient') return offerNotice(principal.id, feedEvent);
  if (principal.role === 'donor' && lot.donorId !== principal.id) return null;
  return {
    event: 'surplus',
    data: { ...foodOf(lot), offer: lot.offer === undefined ? null : offerOf(lot, lot.offer) },
  };
}

const STATE_AFTER: Partial<Record<TransitionReason, OfferState>> = {
  declined: 'declined',
  lapsed: 'lapsed',
  released: 'released',
  'not-collected': 'released',
  collected: 'collected',
  expired: 'expired',
  cancelled: 'withdrawn',
  replayed: 'withdrawn',
  withdrawn: 'withdrawn',
};

/** Its offer as it is; or, when the lot has gone on to another, only what became of its own. */
function offerNotice(recipientId: string, { lot, event }: FeedEvent): Notice | null {
  if (lot.offer?.recipientId === recipientId) {
    return { event: 'offer', data: { ...offerOf(lot, lot.offer), surplus: foodOf(lot) } };
  }
  const last = event.transitions.findLast((each) => each.recipientId === recipientId);
  const state = STATE_AFTER[last?.reason as TransitionReason];
  return last === undefined || state === undefined
    ? null
    : { event: 'offer', data: { id: last.offerId, surplusId: lot.id, state } };
}

function offerOf(lot: Lot, offer: Offer) {
  return {
    id: offer.id,
    surplusId: lot.id,
    state: offer.state,
    recipientId: offer.recipientId,
    recipientName: offer.recipientName,
    quantityGrams: Number(offer.quantityGrams),
    deadline: instant(offer.deadlineMs),
    distanceMeters: Math.round(offer.distanceMeters),
    travelSeconds: offer.travelSeconds,
    travelSource: offer.travelSource,
    fallback: offer.fallback,
    reasons: JSON.parse(offer.reasonsJson === '' ? '[]' : offer.reasonsJson) as unknown,
  };
}

function foodOf(lot: Lot) {
  return {
    id: lot.id,
    rootId: lot.rootId,
    parentId: lot.parentId === '' ? null : lot.parentId,
    donorId: lot.donorId,
    state: lot.state,
    version: lot.version,
    cell: lot.cell,
    region: lot.region,
    category: lot.category,
    storage: lot.storage,
    quantityGrams: Number(lot.quantityGrams),
    postedGrams: Number(lot.postedGrams),
    servings: lot.servings ?? null,
    postedAt: instant(lot.postedAtMs),
    readyFrom: instant(lot.readyFromMs),
    safeUntil: instant(lot.safeUntilMs),
    location: { lat: lot.lat, lon: lot.lon },
    deadLettered: lot.deadLettered,
  };
}

function instant(atMs: bigint): string {
  return new Date(Number(atMs)).toISOString();
}
