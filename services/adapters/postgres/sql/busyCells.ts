import type { Queryable } from './queryable.ts';

const BUSY = `with resting as materialized (
    select cell_id from cell where geo_region_id = $1 and cell_id = any($2) for update skip locked)
  select cell_id::text as cell from cell
   where geo_region_id = $1 and cell_id = any($2) and cell_id not in (select cell_id from resting)`;

/**
 * The cells in which a turn is being written just now, or an owner changes: `write_turns` holds its cells' rows until it ends. A write that is
 * past its time and still comes is then either in one of these, or refused as late, for it looks at the clock once it holds the row.
 * @param region signed id
 * @param cells signed ids, of that region
 */
export async function busyCells(db: Queryable, region: string, cells: readonly string[]): Promise<string[]> {
  const { rows } = await db.query<{ cell: string }>(BUSY, [region, cells]);
  return rows.map((row) => row.cell);
}
