import type { OutboxRow } from './readOutbox.ts';
import type { Queryable } from './queryable.ts';

/** One statement for a batch; the times only tell which partitions to look at. @param region signed id */
export async function markPublished(db: Queryable, region: string, rows: readonly OutboxRow[]): Promise<void> {
  await db.query({
    name: 'mark-published',
    text: `
update outbox set published_at = now()
 where geo_region_id = $1 and lot_id = any($4) and outbox_id = any($2::uuid[])
   and created_at between (select min(t) from unnest($3::timestamptz[]) t) and (select max(t) from unnest($3::timestamptz[]) t)`,
    values: [region, rows.map((row) => row.outboxId), rows.map((row) => row.createdAt), rows.map((row) => row.lotId)],
  });
}
