import { regionOf, signedIdOf } from '#core/geo/cell.ts';
import { postedAtMsOf, type CellToken, type LotId } from '#core/words/ids.ts';
import type { Lot } from '#core/lots/lot.ts';
import type { Activation, CellStore, TurnWrite, WriteOutcome } from '#cell/ports.ts';
import { LOT_COLUMNS, lotOfRow, type LotRow } from './lotRows.ts';
import type { Pool } from './pool.ts';
import { createTurnWriter } from './writeTurns.ts';

const ACTIVATE = `insert into cell as c (geo_region_id, cell_id, epoch, owner, activated_at) values ($1, $2, 1, $3, now())
  on conflict (geo_region_id, cell_id) do update
    set epoch = c.epoch + 1, owner = excluded.owner, activated_at = excluded.activated_at
  returning epoch`;
const ADD_REGION = 'insert into region (geo_region_id, token) values ($1, $2) on conflict do nothing';
/** More lots than this are asked for in parts: each statement ends within the role's second, whatever a cell has gathered. */
export const LOTS_AT_ONCE = 1_000;
const OPEN = 'l.geo_region_id = $1 and l.cell_id = $2 and l.ended_at is null';
const LOAD_OPEN = `select ${LOT_COLUMNS} from lot l where ${OPEN} limit ${String(LOTS_AT_ONCE)}`;
const LIST_OPEN = `select l.lot_id from lot l where ${OPEN}`;
const LOAD_LISTED = `select ${LOT_COLUMNS} from lot l
  where l.geo_region_id = $1 and l.lot_id = any($2) and l.posted_at between $3 and $4`;
// By index in each month's partition: a family is a handful of rows.
const LOAD_FAMILIES = `select ${LOT_COLUMNS} from lot l
  where l.geo_region_id = $1 and l.cell_id = $2 and l.root_id in (
    select root_id from lot where geo_region_id = $1 and lot_id = any($3) and posted_at between $4 and $5)`;

/**
 * The cell's rows in PostgreSQL or Citus.
 * @param owner this process, for people who look at the table
 * @param askTime a write was refused as too late or too early: the clock by which it was decided may be wrong
 */
export function createCellStore(
  pool: Pool,
  owner: string,
  regionLevel: number,
  askTime: () => Promise<void> = () => Promise.resolve(),
): CellStore {
  const place = (cell: CellToken): [string, string] => [signedIdOf(regionOf(cell, regionLevel)), signedIdOf(cell)];

  async function activate(cell: CellToken): Promise<Activation> {
    // Each time: a database that was restored to a time before this one may have lost it, and the sweep looks only where it knows of a region.
    const [regionId] = place(cell);
    const { rowCount: known } = await pool.query('select from region where geo_region_id = $1', [regionId]);
    // A write of a reference table locks it on all of Citus's workers: only where it is needed.
    if (known === 0) await pool.query(ADD_REGION, [regionId, regionOf(cell, regionLevel)]);
    const { rows } = await pool.query<{ epoch: string }>(ACTIVATE, [...place(cell), owner]);
    const epoch = rows[0]?.epoch;
    if (epoch === undefined) throw new Error('activation returned no epoch');
    const open = await pool.query<LotRow>({ name: 'load_open', text: LOAD_OPEN, values: place(cell) });
    const lots = open.rows.map(lotOfRow);
    return { epoch, lots: lots.length < LOTS_AT_ONCE ? lots : [...lots, ...(await loadRest(cell, lots))] };
  }

  /** The epoch is ours by now: nobody else ends or opens a lot meanwhile. */
  async function loadRest(cell: CellToken, known: readonly Lot[]): Promise<Lot[]> {
    const listed = await pool.query<{ lot_id: LotId }>({ name: 'list_open', text: LIST_OPEN, values: place(cell) });
    const isKnown = new Set(known.map(({ id }) => id));
    const missing = listed.rows.map((row) => row.lot_id).filter((id) => !isKnown.has(id));
    const lots: Lot[] = [];
    for (let from = 0; from < missing.length; from += LOTS_AT_ONCE) {
      const ids = missing.slice(from, from + LOTS_AT_ONCE);
      const { rows } = await pool.query<LotRow>({
        name: 'load_listed',
        text: LOAD_LISTED,
        values: [place(cell)[0], ids, ...timesAround(ids)],
      });
      lots.push(...rows.map(lotOfRow));
    }
    return lots;
  }

  async function loadFamilies(cell: CellToken, lotIds: readonly LotId[]) {
    const { rows } = await pool.query<LotRow>({
      name: 'load_families',
      text: LOAD_FAMILIES,
      values: [...place(cell), lotIds, ...timesAround(lotIds)],
    });
    return rows.map(lotOfRow);
  }

  const writeTurn = createTurnWriter(pool, regionLevel);
  async function write(turn: TurnWrite): Promise<WriteOutcome> {
    const outcome = await writeTurn(turn);
    if (!outcome.wrote && (outcome.because === 'late' || outcome.because === 'early')) await askTime();
    return outcome;
  }

  return { activate, loadFamilies, write };
}

/** When the first and the last of them were posted: the partitions they are in. */
function timesAround(lotIds: readonly LotId[]): string[] {
  const postedAtMs = lotIds.map(postedAtMsOf);
  return [Math.min(...postedAtMs), Math.max(...postedAtMs)].map((ms) => new Date(ms).toISOString());
}
