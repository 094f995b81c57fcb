import type { Lot, Offer } from '#core/lots/lot.ts';
import { lotOfRow, type LotRow } from '../lotRows.ts';
import type { Pool } from '../pool.ts';

/** An offer with its lot; the lot's other offers are not loaded. */
export interface OfferRead {
  readonly lot: Lot;
  readonly offer: Offer;
}

export interface OfferFilter {
  readonly recipientId: string;
  /** null: whatever its state */
  readonly state: string | null;
  /** the last of the page before; newest come first */
  readonly after: { readonly at: string; readonly id: string } | null;
  readonly limit: number;
}

type Row = Omit<LotRow, 'offers'> & { readonly offer: LotRow['offers'][number] };

const JOINED = `select l.*, to_jsonb(o) as offer from offer o
  join lot l on l.geo_region_id = o.geo_region_id and l.posted_at = o.posted_at and l.lot_id = o.lot_id`;
const READ = `${JOINED} where o.geo_region_id = $1 and o.posted_at = $2 and o.offer_id = $3`;
const LIST = `${JOINED} where o.recipient_id = $1 and ($2::text is null or o.state = $2)
  and ($3::timestamptz is null or (o.offered_at, o.offer_id) < ($3, $4::text))`;
const NEWEST_FIRST = 'order by o.offered_at desc, o.offer_id desc limit $5';
/**
 * Of what holds a lot now there is little, and an index of its own. It is found by that when the state stands in the text, and when no other index offers
 * the order, by which all that a recipient ever had would be passed.
 */
const HELD = { open: heldList('open'), claimed: heldList('claimed') };

function heldList(state: 'open' | 'claimed'): string {
  return `${LIST} and o.state = '${state}' order by o.offered_at + interval '0' desc, o.offer_id desc limit $5`;
}

function listOf(state: string | null): string {
  return state === 'open' || state === 'claimed' ? HELD[state] : `${LIST} ${NEWEST_FIRST}`;
}

/** One shard. null: no such offer. */
export async function readOffer(
  pool: Pool,
  place: { readonly regionId: string; readonly postedAt: string; readonly offerId: string },
): Promise<OfferRead | null> {
  const values = [place.regionId, place.postedAt, place.offerId];
  const { rows } = await pool.query<Row>({ name: 'read_offer', text: READ, values });
  return rows[0] === undefined ? null : readOfRow(rows[0]);
}

/** A recipient's offers, wherever the food is: across regions. */
export async function listOffers(pool: Pool, { recipientId, state, after, limit }: OfferFilter): Promise<OfferRead[]> {
  const { rows } = await pool.query<Row>(listOf(state), [
    recipientId,
    state,
    after?.at ?? null,
    after?.id ?? null,
    limit,
  ]);
  return rows.map(readOfRow);
}

function readOfRow(row: Row): OfferRead {
  const lot = lotOfRow({ ...row, offers: [row.offer] });
  const offer = lot.offers[0];
  if (offer === undefined) throw new Error('an offer row without its offer');
  return { lot, offer };
}
