import type { Queryable } from './queryable.ts';

export interface KeptEvent {
  readonly lotId: string;
  readonly outboxId: string;
  readonly subject: string;
  readonly payload: Buffer;
  readonly traceparent: string | null;
  readonly published: boolean;
}

interface Version {
  readonly lotVersion: number;
}

/** The newest event of each lot, from its outbox rows. @param region signed id */
export async function findLatestEvents(db: Queryable, region: string, lotIds: readonly string[]): Promise<KeptEvent[]> {
  const { rows } = await db.query<KeptEvent & Version>({
    name: 'find-latest-events',
    text: `
select lot_id as "lotId", lot_version as "lotVersion", outbox_id as "outboxId", subject, payload, traceparent,
  published_at is not null as published
 from outbox
 where geo_region_id = $1 and lot_id = any($2)`,
    values: [region, lotIds],
  });
  const latest = new Map<string, KeptEvent & Version>();
  for (const row of rows) {
    if (row.lotVersion > (latest.get(row.lotId)?.lotVersion ?? 0)) latest.set(row.lotId, row);
  }
  return [...latest.values()];
}
