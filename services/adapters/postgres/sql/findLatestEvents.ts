import type { Queryable } from './queryable.ts';

export interface KeptEvent {
  readonly lotId: string;
  readonly outboxId: string;
  readonly subject: string;
  readonly payload: Buffer;
  readonly traceparent: string | null;
  readonly published: boolean;
}

/** The newest event of each lot, from its outbox rows. @param region signed id */
export async function findLatestEvents(db: Queryable, region: string, lotIds: readonly string[]): Promise<KeptEvent[]> {
  const { rows } = await db.query<KeptEvent>({
    name: 'find-latest-events',
    text: `
select distinct on (lot_id) lot_id as "lotId", outbox_id as "outboxId", subject, payload, traceparent,
  published_at is not null as published
 from outbox
 where geo_region_id = $1 and lot_id = any($2)
 order by lot_id, lot_version desc`,
    values: [region, lotIds],
  });
  return rows;
}
