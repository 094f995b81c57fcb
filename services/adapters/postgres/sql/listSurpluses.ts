import { isEnd, LOT_STATES, type Lot } from '#core/lots/lot.ts';
import { lotOfRow, type LotRow } from '../lotRows.ts';
import type { Pool } from '../pool.ts';

export interface SurplusFilter {
  /** whose: a donor's own, those offered to a recipient, or everybody's */
  readonly of: { readonly donor: string } | { readonly offeredTo: string } | 'all';
  readonly state: string | null;
  /** the last of the page before; newest come first */
  readonly after: { readonly at: string; readonly id: string } | null;
  readonly limit: number;
}

const COLUMNS = `l.geo_region_id, l.cell_id, l.posted_at, l.lot_id, l.root_id, l.parent_id, l.donor_id, l.state, l.version,
  l.quantity_grams, l.posted_grams, l.servings, l.category, l.storage, l.ready_from, l.safe_until, l.lat, l.lon, l.note, l.temperature, l.photo,
  l.attempt, l.tries, l.radius_meters, l.tried, l.next_action_at, l.pickup_by, l.reminded, l.dead_lettered`;
const PAGE = `and ($2::text is null or l.state = $2) and ($3::timestamptz is null or (l.posted_at, l.lot_id) < ($3, $4::text))
  order by l.posted_at desc, l.lot_id desc limit $5`;
const LISTS = {
  donor: `select ${COLUMNS} from lot l where l.donor_id = $1 ${PAGE}`,
  offeredTo: `select ${COLUMNS} from lot l where exists (
    select 1 from offer o where o.geo_region_id = l.geo_region_id and o.posted_at = l.posted_at and o.lot_id = l.lot_id
      and o.recipient_id = $1) ${PAGE}`,
};
/** Below a place in the order. The limit stands in the text: of one that comes later a plan made for all expects a tenth of the table, and sorts it. */
const below = (limit: number): string =>
  `and (l.posted_at, l.lot_id) < ($1::timestamptz, $2::text) order by l.posted_at desc, l.lot_id desc limit ${String(Math.trunc(limit))}`;
/** Of all lots: the few that are open, and the newest of each end, which an index has in this order. */
const ALL_OPEN = `select ${COLUMNS} from lot l where l.ended_at is null and ($3::text is null or l.state = $3)`;
const ALL_ENDED = `select ${COLUMNS} from lot l where l.ended_at is not null and l.state = $3`;
const ENDS = LOT_STATES.filter(isEnd);
const ABOVE_ALL = { at: 'infinity', id: '' };
// The regions are named, so that only their shards are asked; no correlated subquery, which Citus would refuse here.
const OFFERS = `select o.geo_region_id, o.lot_id, to_jsonb(o) as offer from offer o
  where o.geo_region_id = any($1) and o.posted_at = any($2) and o.lot_id = any($3) and o.state in ('open', 'claimed')`;

type OfferJson = LotRow['offers'][number];

type FoundRow = Omit<LotRow, 'offers'>;

/** Across regions: for people who look, not for the hot path. Of the offers only those that hold a lot now. */
export async function listSurpluses(pool: Pool, filter: SurplusFilter): Promise<Lot[]> {
  const rows = filter.of === 'all' ? await rowsOfAll(pool, filter) : await rowsOf(pool, filter.of, filter);
  if (rows.length === 0) return [];
  const offers = await currentOffers(pool, rows);
  return rows.map((row) => lotOfRow({ ...row, offers: offers.get(row.lot_id) ?? [] }));
}

async function rowsOf(
  pool: Pool,
  of: Exclude<SurplusFilter['of'], 'all'>,
  { state, after, limit }: SurplusFilter,
): Promise<FoundRow[]> {
  const [list, whose] = 'donor' in of ? [LISTS.donor, of.donor] : [LISTS.offeredTo, of.offeredTo];
  const { rows } = await pool.query<FoundRow>(list, [whose, state, after?.at ?? null, after?.id ?? null, limit]);
  return rows;
}

async function rowsOfAll(pool: Pool, { state, after, limit }: SurplusFilter): Promise<FoundRow[]> {
  const { at, id } = after ?? ABOVE_ALL;
  const ask = async (text: string, of: string | null): Promise<FoundRow[]> =>
    (await pool.query<FoundRow>(`${text} ${below(limit)}`, [at, id, of])).rows;
  const ends = ENDS.filter((end) => state === null || state === end);
  const open = state !== null && ends.length > 0 ? [] : await ask(ALL_OPEN, state);
  const ended = await Promise.all(ends.map((end) => ask(ALL_ENDED, end)));
  // In this order one that ends meanwhile is not missed but found twice: as it ended.
  const found = [...open, ...ended.flat()];
  const byId = new Map(found.map((row) => [row.lot_id, row]));
  return [...byId.values()].sort(newestFirst).slice(0, limit);
}

function newestFirst(one: FoundRow, other: FoundRow): number {
  return other.posted_at.getTime() - one.posted_at.getTime() || (one.lot_id < other.lot_id ? 1 : -1);
}

async function currentOffers(pool: Pool, lots: readonly FoundRow[]): Promise<Map<string, OfferJson[]>> {
  const values = [
    lots.map((lot) => lot.geo_region_id),
    lots.map((lot) => lot.posted_at),
    lots.map((lot) => lot.lot_id),
  ];
  const { rows } = await pool.query<{ lot_id: string; offer: OfferJson }>(OFFERS, values);
  const byLot = new Map<string, OfferJson[]>();
  for (const row of rows) byLot.set(row.lot_id, [...(byLot.get(row.lot_id) ?? []), row.offer]);
  return byLot;
}
