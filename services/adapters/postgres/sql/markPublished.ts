import { namingRegion } from './oneRegion.ts';
import type { OutboxRow } from './readOutbox.ts';
import type { Queryable } from './queryable.ts';

/** One statement for a batch. @param regions signed ids, of one group (`Groups`) */
export async function markPublished(
  db: Queryable,
  regions: readonly string[],
  rows: readonly OutboxRow[],
): Promise<void> {
  const times = rows.map((row) => Date.parse(row.createdAt));
  // The times only tell which days to look at, and as parameters they do so before the others are opened. A millisecond more: of
  // the last one the microseconds are cut off.
  const [from, to] = [new Date(Math.min(...times)), new Date(Math.max(...times) + 1)];
  const region = namingRegion('mark-published', regions, 5);
  await db.query({
    name: region.name,
    text: `
update outbox set published_at = now()
 where lot_id = any($1) and outbox_id = any($2::uuid[]) and created_at between $3 and $4 ${region.text}`,
    values: [rows.map((row) => row.lotId), rows.map((row) => row.outboxId), from, to, ...region.values],
  });
}
