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
  const { rows } = await db.query<{ lot_id: string; version: number | null }>({
    name: 'find-earliest-unpublished',
    text: `
select lot_id, min(lot_version) filter (where published_at is null) as version from outbox
 where geo_region_id = $1 and lot_id = any($2) and created_at <= (select max(t) from unnest($3::timestamptz[]) t)
 group by lot_id`,
    values: [region, claimed.map((row) => row.lotId), claimed.map((row) => row.createdAt)],
  });
  return new Map(rows.flatMap((row) => (row.version === null ? [] : [[row.lot_id, row.version]])));
}
