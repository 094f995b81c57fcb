import type { OutboxRow } from './claimOutbox.ts';
import type { Queryable } from './queryable.ts';

/** One statement for a batch. @param region signed id */
export async function markPublished(db: Queryable, region: string, rows: readonly OutboxRow[]): Promise<void> {
  await db.query({
    name: 'mark-published',
    text: `
update outbox set published_at = now()
 where geo_region_id = $1 and created_at = any($2::timestamptz[]) and outbox_id = any($3::uuid[])`,
    values: [region, rows.map((row) => row.createdAt), rows.map((row) => row.outboxId)],
  });
}
