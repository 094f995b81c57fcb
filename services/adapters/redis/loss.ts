import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { busyCells } from '../postgres/sql/busyCells.ts';

/** The index was lost: turns that had reserved before may yet bring offers that a recount must hold. */
export interface Loss {
  /** monotonic ms */
  readonly noticedMs: number;
  /** region and its cells (signed ids) of which it is not known yet that no such turn is left; null: its time is not over */
  undecided: Map<string, readonly string[]> | null;
}

/** A busy cell rests between two turns: it is looked at some times before the next round. */
const LOOKS = 10;
const BETWEEN_LOOKS_MS = 20;

/**
 * Whether no turn from before the loss can bring an offer any more: its time to begin writing is over, and in each cell nobody was writing at some
 * moment since. A write that hangs (a stalled disk, a frozen session) is waited for.
 * @param settleMs `not_after` and a margin
 * @param stillOurs called between regions; throws when another keeper took over
 */
export async function isDecided(
  pool: pg.Pool,
  loss: Loss,
  settleMs: number,
  stillOurs: () => Promise<void>,
): Promise<boolean> {
  if (loss.undecided === null) {
    const isOver = performance.now() - loss.noticedMs >= settleMs;
    if (!isOver && (await hasCells(pool))) return false;
    loss.undecided = await allCells(pool);
  }
  for (let look = 0; look < LOOKS && loss.undecided.size > 0; look++) {
    if (look > 0) await pause(BETWEEN_LOOKS_MS);
    for (const [region, cells] of loss.undecided) {
      await stillOurs();
      const busy = await busyCells(pool, region, cells);
      if (busy.length > 0) loss.undecided.set(region, busy);
      else loss.undecided.delete(region);
    }
  }
  return loss.undecided.size === 0;
}

/** A turn needs an activated cell: where there never was one, none can be in flight, and there is nothing to wait for. */
async function hasCells(pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool.query<{ has_cells: boolean }>('select exists (select 1 from cell) as has_cells');
  return rows[0]?.has_cells ?? true;
}

async function allCells(pool: pg.Pool): Promise<Map<string, string[]>> {
  const { rows } = await pool.query<{ region: string; cells: string[] }>(
    'select geo_region_id::text as region, array_agg(cell_id::text) as cells from cell group by geo_region_id',
  );
  return new Map(rows.map(({ region, cells }) => [region, cells]));
}
