import { create, toBinary } from '@bufbuild/protobuf';
import type { LotChange } from '#core/lots/decide.ts';
import type { Lot, Offer } from '#core/lots/lot.ts';
import { LotEventSchema } from '#proto/gen/pahlawan/v1/events_pb.js';

/** The event of one lot in one turn; subject `lot.<region token>.<state>`. */
export function encodeLotEvent(
  change: LotChange,
  eventId: string,
  occurredAtMs: number,
  traceparent: string | null,
): Uint8Array {
  const { after } = change;
  const event = create(LotEventSchema, {
    eventId,
    lot: lotMessage(after),
    transitions: change.transitions.map((each) => ({
      from: each.from ?? '',
      to: each.to,
      reason: each.reason,
      version: each.version,
      offerId: each.offerId ?? '',
      recipientId: each.recipientId ?? '',
      atMs: BigInt(each.atMs),
    })),
    rematchRequired: change.rematchRequired,
    remind: change.remind,
    occurredAtMs: BigInt(occurredAtMs),
    traceparent: traceparent ?? '',
  });
  return toBinary(LotEventSchema, event);
}

export function subjectOf(lot: Lot): string {
  return `lot.${lot.region}.${lot.state}`;
}

function lotMessage(lot: Lot) {
  const offer = lot.offers.at(-1);
  return {
    id: lot.id,
    rootId: lot.rootId,
    parentId: lot.parentId ?? '',
    cell: lot.cell,
    region: lot.region,
    donorId: lot.donorId,
    state: lot.state,
    version: lot.version,
    quantityGrams: BigInt(lot.quantityGrams),
    postedGrams: BigInt(lot.postedGrams),
    ...(lot.servings === null ? {} : { servings: lot.servings }),
    category: lot.category,
    storage: lot.storage,
    postedAtMs: BigInt(lot.postedAtMs),
    readyFromMs: BigInt(lot.readyFromMs),
    safeUntilMs: BigInt(lot.safeUntilMs),
    lat: lot.lat,
    lon: lot.lon,
    attempt: lot.attempt,
    tries: lot.tries,
    deadLettered: lot.deadLettered,
    temperature: lot.temperature ?? '',
    ...(offer === undefined ? {} : { offer: offerMessage(offer) }),
  };
}

function offerMessage(offer: Offer) {
  return {
    id: offer.id,
    recipientId: offer.recipientId,
    recipientName: offer.recipientName,
    state: offer.state,
    quantityGrams: BigInt(offer.quantityGrams),
    deadlineMs: BigInt(offer.deadlineMs),
    distanceMeters: offer.distanceMeters,
    travelSeconds: offer.travelSeconds,
    travelSource: offer.travelSource,
    reasonsJson: JSON.stringify(offer.reasons),
    fallback: offer.fallback,
    attempt: offer.attempt,
  };
}
