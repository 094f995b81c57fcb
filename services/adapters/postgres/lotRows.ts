/** Rows of `lot` and `offer` to the core's words and back. Times travel as RFC 3339 text, bigints as decimal text. */
import { tokenOfSigned } from '#core/geo/cell.ts';
import type { Lot, Offer, Reason, Transition } from '#core/lots/lot.ts';
import type { RegionToken } from '#core/words/ids.ts';
import { isEnd } from '#core/lots/lot.ts';
import { postedAtMsOf } from '#core/words/ids.ts';

interface OfferRow {
  readonly offer_id: string;
  readonly attempt: number;
  readonly recipient_id: string;
  readonly recipient_name: string;
  readonly state: string;
  readonly quantity_grams: number;
  readonly deadline: string;
  readonly distance_meters: number;
  readonly travel_seconds: number;
  readonly travel_source: string;
  readonly reasons: Reason[];
  readonly fallback: boolean;
  readonly offered_at: string;
  readonly answered_at: string | null;
  readonly code_generation: number;
  readonly wrong_codes: number;
  readonly time_zone: string;
}

export interface LotRow {
  readonly geo_region_id: string;
  readonly cell_id: string;
  readonly posted_at: Date;
  readonly lot_id: string;
  readonly root_id: string;
  readonly parent_id: string | null;
  readonly donor_id: string;
  readonly state: string;
  readonly version: number;
  readonly quantity_grams: string;
  readonly posted_grams: string;
  readonly servings: number | null;
  readonly category: string;
  readonly storage: string;
  readonly ready_from: Date;
  readonly safe_until: Date;
  readonly lat: number;
  readonly lon: number;
  readonly note: string | null;
  readonly temperature: string | null;
  readonly photo: string | null;
  readonly attempt: number;
  readonly tries: number;
  readonly radius_meters: number;
  readonly tried: string[];
  readonly next_action_at: Date | null;
  readonly pickup_by: Date | null;
  readonly reminded: boolean;
  readonly dead_lettered: boolean;
  readonly offers: OfferRow[];
}

/** The columns of a LotRow, offers included; `$1` must be the region, the table's alias `l`. */
export const LOT_COLUMNS = `l.*, coalesce((select jsonb_agg(to_jsonb(o) order by o.attempt) from offer o
  where o.geo_region_id = $1 and o.posted_at = l.posted_at and o.lot_id = l.lot_id), '[]') as offers`;

export function lotOfRow(row: LotRow): Lot {
  const lot = {
    id: row.lot_id,
    rootId: row.root_id,
    parentId: row.parent_id,
    cell: tokenOfSigned(row.cell_id),
    region: tokenOfSigned(row.geo_region_id) as string as RegionToken,
    donorId: row.donor_id,
    state: row.state,
    version: row.version,
    quantityGrams: Number(row.quantity_grams),
    postedGrams: Number(row.posted_grams),
    servings: row.servings,
    category: row.category,
    storage: row.storage,
    postedAtMs: row.posted_at.getTime(),
    readyFromMs: row.ready_from.getTime(),
    safeUntilMs: row.safe_until.getTime(),
    lat: row.lat,
    lon: row.lon,
    note: row.note,
    temperature: row.temperature,
    photo: row.photo,
    attempt: row.attempt,
    tries: row.tries,
    radiusMeters: row.radius_meters,
    tried: row.tried,
    offers: row.offers.map(offerOfRow),
    nextActionAtMs: row.next_action_at?.getTime() ?? null,
    pickupByMs: row.pickup_by?.getTime() ?? null,
    reminded: row.reminded,
    deadLettered: row.dead_lettered,
  };
  // The database's checks hold these to the words; branding happens here, where rows are parsed.
  return lot as unknown as Lot;
}

function offerOfRow(row: OfferRow): Offer {
  const offer = {
    id: row.offer_id,
    attempt: row.attempt,
    recipientId: row.recipient_id,
    recipientName: row.recipient_name,
    state: row.state,
    quantityGrams: row.quantity_grams,
    deadlineMs: Date.parse(row.deadline),
    distanceMeters: row.distance_meters,
    travelSeconds: row.travel_seconds,
    travelSource: row.travel_source,
    reasons: row.reasons,
    fallback: row.fallback,
    offeredAtMs: Date.parse(row.offered_at),
    answeredAtMs: row.answered_at === null ? null : Date.parse(row.answered_at),
    codeGeneration: row.code_generation,
    wrongCodes: row.wrong_codes,
    timeZone: row.time_zone,
  };
  return offer as unknown as Offer;
}

function instant(atMs: number): string;
function instant(atMs: number | null): string | null;
function instant(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}

/** @param endedAtMs unix ms of this turn: when it ends, it ended now */
export function newLotParam(lot: Lot, endedAtMs: number) {
  return {
    ...changedLotParam(lot, lot.version, endedAtMs),
    root_id: lot.rootId,
    parent_id: lot.parentId,
    donor_id: lot.donorId,
    posted_grams: lot.postedGrams,
    category: lot.category,
    storage: lot.storage,
    ready_from: instant(lot.readyFromMs),
    safe_until: instant(lot.safeUntilMs),
    lat: lot.lat,
    lon: lot.lon,
    note: lot.note,
    temperature: lot.temperature,
    photo: lot.photo,
  };
}

export function changedLotParam(lot: Lot, wasVersion: number, endedAtMs: number) {
  return {
    posted_at: instant(lot.postedAtMs),
    lot_id: lot.id,
    was_version: wasVersion,
    state: lot.state,
    version: lot.version,
    quantity_grams: lot.quantityGrams,
    servings: lot.servings,
    attempt: lot.attempt,
    tries: lot.tries,
    radius_meters: lot.radiusMeters,
    tried: lot.tried,
    next_action_at: instant(lot.nextActionAtMs),
    pickup_by: instant(lot.pickupByMs),
    reminded: lot.reminded,
    dead_lettered: lot.deadLettered,
    ended_at: isEnd(lot.state) ? instant(endedAtMs) : null,
  };
}

export function offerParam(lot: Lot, offer: Offer) {
  return {
    posted_at: instant(lot.postedAtMs),
    offer_id: offer.id,
    lot_id: lot.id,
    attempt: offer.attempt,
    recipient_id: offer.recipientId,
    recipient_name: offer.recipientName,
    state: offer.state,
    quantity_grams: offer.quantityGrams,
    deadline: instant(offer.deadlineMs),
    distance_meters: offer.distanceMeters,
    travel_seconds: offer.travelSeconds,
    travel_source: offer.travelSource,
    reasons: offer.reasons,
    fallback: offer.fallback,
    offered_at: instant(offer.offeredAtMs),
    answered_at: instant(offer.answeredAtMs),
    code_generation: offer.codeGeneration,
    wrong_codes: offer.wrongCodes,
    time_zone: offer.timeZone,
  };
}

export function historyParam(step: Transition) {
  return {
    posted_at: instant(postedAtMsOf(step.lotId)),
    lot_id: step.lotId,
    version: step.version,
    from_state: step.from,
    to_state: step.to,
    reason: step.reason,
    offer_id: step.offerId,
    recipient_id: step.recipientId,
    detail: step.detail,
    quantity_grams: step.quantityGrams,
    at: instant(step.atMs),
    not_before: instant(step.notBeforeMs),
  };
}
