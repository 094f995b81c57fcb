import type { OutboxRow } from './claimOutbox.ts';
import type { Queryable } from './queryable.ts';

/** Gives claimed rows back at once; a claim that has run out and was taken by somebody else is left alone. @param region signed id */
export async function releaseClaims(db: Queryable, region: string, rows: readonly OutboxRow[]): Promise<void> {
  await db.query({
    name: 'release-claims',
    text: `
update outbox set claimed_until = null
 where geo_region_id = $1 and lot_id = any($2) and outbox_id = any($3::uuid[]) and claimed_until = any($4::timestamptz[])
   and coalesce(published_at, 'infinity') = 'infinity'`,
    values: [
      region,
      rows.map((row) => row.lotId),
      rows.map((row) => row.outboxId),
      [...new Set(rows.map((row) => row.claimedUntil))],
    ],
  });
}
