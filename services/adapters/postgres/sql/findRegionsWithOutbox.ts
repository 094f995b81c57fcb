import type { Queryable } from './queryable.ts';

/** Signed ids of the regions with events to publish: the guarantee behind the hints. Reads all shards; once a second. */
export async function findRegionsWithOutbox(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ region: string }>({
    name: 'find-regions-with-outbox',
    text: `
select geo_region_id::text as region from outbox
 where published_at is null
 group by geo_region_id`,
  });
  return rows.map((row) => row.region);
}
