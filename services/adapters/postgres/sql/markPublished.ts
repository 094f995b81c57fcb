import type { OutboxRow } from './claimOutbox.ts';
import type { Queryable } from './queryable.ts';

/**
 * One statement for a batch; joined, because two `= any()` are planned as a scan of the whole region (5.2 million index
 * entries read for 36,000 events, measured). @param region signed id
 */
export async function markPublished(db: Queryable, region: string, rows: readonly OutboxRow[]): Promise<void> {
  await db.query({
    name: 'mark-published',
    text: `
update outbox set published_at = now()
  from unnest($2::timestamptz[], $3::uuid[]) as k(created_at, outbox_id)
 where outbox.geo_region_id = $1 and outbox.created_at = k.created_at and outbox.outbox_id = k.outbox_id`,
    values: [region, rows.map((row) => row.createdAt), rows.map((row) => row.outboxId)],
  });
}
