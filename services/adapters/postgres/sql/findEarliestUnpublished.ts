import type { OutboxRow } from './readOutbox.ts';
import type { Queryable } from './queryable.ts';

/**
 * The lowest unpublished version of each lot of these rows: a lot whose earlier event is not among them must wait.
 * @param region signed id
 */
export async function findEarliestUnpublished(
  db: Queryable,
  region: string,
  rows: readonly Pick<OutboxRow, 'lotId'>[],
): Promise<ReadonlyMap<string, number>> {
  const found = await db.query<{ lot_id: string; lot_version: number }>({
    name: 'find-earliest-unpublished',
    // The index of lots, and no other: grouped or asked by "is null", it would be looked for among all of the region.
    text: `
select lot_id, lot_version from outbox
 where geo_region_id = $1 and lot_id = any($2) and coalesce(published_at, 'infinity') = 'infinity'`,
    values: [region, [...new Set(rows.map((row) => row.lotId))]],
  });
  const earliest = new Map<string, number>();
  for (const { lot_id, lot_version } of found.rows) {
    earliest.set(lot_id, Math.min(lot_version, earliest.get(lot_id) ?? lot_version));
  }
  return earliest;
}
