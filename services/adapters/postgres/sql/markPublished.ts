import type { OutboxRow } from './readOutbox.ts';
import type { Queryable } from './queryable.ts';

/** One statement for a batch. @param region signed id */
export async function markPublished(db: Queryable, region: string, rows: readonly OutboxRow[]): Promise<void> {
  const times = rows.map((row) => Date.parse(row.createdAt));
  // The times only tell which days to look at, and as parameters they do so before the others are opened. A millisecond more: of
  // the last one the microseconds are cut off.
  const [from, to] = [new Date(Math.min(...times)), new Date(Math.max(...times) + 1)];
  await db.query({
    name: 'mark-published',
    text: `
update outbox set published_at = now()
 where geo_region_id = $1 and lot_id = any($2) and outbox_id = any($3::uuid[]) and created_at between $4 and $5`,
    values: [region, rows.map((row) => row.lotId), rows.map((row) => row.outboxId), from, to],
  });
}
