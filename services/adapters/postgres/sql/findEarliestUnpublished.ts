import type { Queryable } from './queryable.ts';

/**
 * The lowest unpublished version of each lot, claimed by whomever. Asked after a claim has committed: a lot whose
 * earlier event somebody else holds must wait.
 * @param region signed id
 */
export async function findEarliestUnpublished(
  db: Queryable,
  region: string,
  lotIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await db.query<{ lot_id: string; version: number }>({
    name: 'find-earliest-unpublished',
    text: `
select lot_id, min(lot_version) as version from outbox
 where geo_region_id = $1 and published_at is null and lot_id = any($2)
 group by lot_id`,
    values: [region, lotIds],
  });
  return new Map(rows.map((row) => [row.lot_id, row.version]));
}
