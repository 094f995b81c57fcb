import { fromBinary } from '@bufbuild/protobuf';
import { LotEventSchema, type Lot, type LotEvent } from '#proto/gen/pahlawan/v1/events_pb.js';
import { cellOfLevel } from '#adapters/geo/s2.ts';
import { cellOf, parseCellToken, parseLotId, parseOfferId, type LotId } from '#core/words/ids.ts';

/** A lot event that has a lot. */
export type LotEventOf = LotEvent & { readonly lot: Lot };

/** Asked for its lot first, then for all of it: a payload is read once. */
const readings = new WeakMap<Uint8Array, { readonly event: LotEventOf | null }>();

/** null: not a lot event; what comes over the bus is not believed either. */
export function readLotEvent(payload: Uint8Array): LotEventOf | null {
  const known = readings.get(payload);
  if (known !== undefined) return known.event;
  const event = read(payload);
  readings.set(payload, { event });
  return event;
}

function read(payload: Uint8Array): LotEventOf | null {
  try {
    const event = fromBinary(LotEventSchema, payload);
    return event.lot !== undefined && isOurs(event.lot) ? (event as LotEventOf) : null;
  } catch {
    return null;
  }
}

/** null: no lot id, or of a cell of another level, which no host would take. */
export function ourLotIdIn(text: string): LotId | null {
  const id = parseLotId(text)?.id;
  return id === undefined || cellOfLevel(cellOf(id)) === null ? null : id;
}

/** PostgreSQL is asked by these, with those of others in one statement. */
function isOurs({ id, region, donorId, offer }: Lot): boolean {
  const [lotId, organisations] = [ourLotIdIn(id), offer === undefined ? [donorId] : [donorId, offer.recipientId]];
  return (
    lotId !== null &&
    parseCellToken(region) !== null &&
    organisations.every(isText) &&
    (offer === undefined || parseOfferId(offer.id)?.lotId === lotId)
  );
}

/** Messages of one lot are handled one after the other; of what can't be read, all. */
export function lotKeyOf(delivery: { readonly payload: Uint8Array }): string {
  return readLotEvent(delivery.payload)?.lot.id ?? '';
}

/** As PostgreSQL takes it. Names given by SQL need not be as those given by us. */
function isText(text: string): boolean {
  return !text.includes('\0');
}
