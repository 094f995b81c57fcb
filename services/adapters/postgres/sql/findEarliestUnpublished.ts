import type { OutboxRow } from './claimOutbox.ts';
import type { Queryable } from './queryable.ts';

/**
 * The lowest unpublished version of each lot of these rows, claimed by whomever. Asked after a claim has committed: a lot
 * whose earlier event somebody else holds must wait. Earlier versions were made earlier, so later days need no look.
 * @param region signed id
 */
export async function findEarliestUnpublished(
  db: Queryable,
  region: string,
  claimed: readonly Pick<OutboxRow, 'lotId' | 'createdAt'>[],
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await db.query<{ lot_id: string; lot_version: number }>({
    name: 'find-earliest-unpublished',
    // The index of lots, and no other: grouped or asked by "is null", it would be looked for among all of the region.
    text: `
select lot_id, lot_version from outbox
 where geo_region_id = $1 and lot_id = any($2) and created_at <= (select max(t) from unnest($3::timestamptz[]) t)
   and coalesce(published_at, 'infinity') = 'infinity'`,
    values: [region, claimed.map((row) => row.lotId), claimed.map((row) => row.createdAt)],
  });
  const earliest = new Map<string, number>();
  for (const { lot_id, lot_version } of rows) {
    earliest.set(lot_id, Math.min(lot_version, earliest.get(lot_id) ?? lot_version));
  }
  return earliest;
}
