import type { Lot } from '#core/lots/lot.ts';
import { LOT_COLUMNS, lotOfRow, type LotRow } from '../lotRows.ts';
import type { Pool } from '../pool.ts';

/** A lot with the lots of the same post, and what it went through. */
export interface SurplusRead {
  readonly lot: Lot;
  readonly family: readonly Lot[];
  readonly history: readonly HistoryStep[];
}

export interface HistoryStep {
  readonly version: number;
  readonly from: string | null;
  readonly to: string;
  readonly reason: string;
  readonly offerId: string | null;
  readonly recipientId: string | null;
  readonly detail: string | null;
  readonly quantityGrams: number;
  /** RFC 3339 */
  readonly at: string;
}

interface HistoryRow {
  readonly version: number;
  readonly from_state: string | null;
  readonly to_state: string;
  readonly reason: string;
  readonly offer_id: string | null;
  readonly recipient_id: string | null;
  readonly detail: string | null;
  readonly quantity_grams: string;
  readonly at: Date;
}

const READ = `select ${LOT_COLUMNS} from lot l
  where l.geo_region_id = $1 and l.root_id in (
    select root_id from lot where geo_region_id = $1 and posted_at = $2 and lot_id = $3)
  order by l.posted_at, l.lot_id`;
const HISTORY = `select version, from_state, to_state, reason, offer_id, recipient_id, detail, quantity_grams, at
  from matching_history where geo_region_id = $1 and posted_at = $2 and lot_id = $3 order by version`;

/** One shard. null: no such lot. */
export async function readSurplus(
  pool: Pool,
  place: { readonly regionId: string; readonly postedAt: string; readonly lotId: string },
): Promise<SurplusRead | null> {
  const values = [place.regionId, place.postedAt, place.lotId];
  const [lots, history] = await Promise.all([
    pool.query<LotRow>({ name: 'read_surplus', text: READ, values }),
    pool.query<HistoryRow>({ name: 'read_history', text: HISTORY, values }),
  ]);
  const family = lots.rows.map(lotOfRow);
  const lot = family.find((each) => each.id === place.lotId);
  return lot === undefined ? null : { lot, family, history: history.rows.map(stepOfRow) };
}

function stepOfRow(row: HistoryRow): HistoryStep {
  return {
    version: row.version,
    from: row.from_state,
    to: row.to_state,
    reason: row.reason,
    offerId: row.offer_id,
    recipientId: row.recipient_id,
    detail: row.detail,
    quantityGrams: Number(row.quantity_grams),
    at: row.at.toISOString(),
  };
}
