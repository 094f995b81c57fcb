import type { Category, Storage } from '#core/words/food.ts';
import type { Queryable } from './queryable.ts';

/** One proved transfer, as the ledger has it. */
export interface HandoverRow {
  readonly at: Date;
  readonly surplusId: string;
  readonly offerId: string;
  readonly category: Category;
  readonly storage: Storage;
  readonly quantityGrams: number;
  readonly recipientName: string;
}

interface Row {
  readonly ended_at: Date;
  readonly lot_id: string;
  readonly offer_id: string;
  readonly category: Category;
  readonly storage: Storage;
  readonly quantity_grams: string;
  readonly recipient_name: string;
}

// A lot is posted at most 30 days before its safe-until, and handed over at most an hour after that: earlier partitions hold none.
const HANDOVERS = `select l.ended_at, l.lot_id, o.offer_id, l.category, l.storage, l.quantity_grams, o.recipient_name
  from lot l join offer o on o.geo_region_id = l.geo_region_id and o.posted_at = l.posted_at and o.lot_id = l.lot_id
  where l.donor_id = $1 and l.state = 'collected' and o.state = 'collected'
    and l.ended_at >= $2 and l.ended_at < $3 and l.posted_at >= $2::timestamptz - interval '32 days' and l.posted_at < $3
  order by l.ended_at, l.lot_id limit $4`;

/** A donor's handovers of a span of time, over all regions, oldest first. A split's parts are handovers of their own. */
export async function listHandovers(
  db: Queryable,
  donorId: string,
  span: { readonly fromMs: number; readonly untilMs: number },
  limit: number,
): Promise<HandoverRow[]> {
  const values = [donorId, new Date(span.fromMs), new Date(span.untilMs), limit];
  const { rows } = await db.query<Row>({ name: 'list_handovers', text: HANDOVERS, values });
  return rows.map((row) => ({
    at: row.ended_at,
    surplusId: row.lot_id,
    offerId: row.offer_id,
    category: row.category,
    storage: row.storage,
    quantityGrams: Number(row.quantity_grams),
    recipientName: row.recipient_name,
  }));
}
