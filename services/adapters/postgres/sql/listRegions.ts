import type { Queryable } from './queryable.ts';

/** Signed ids of the regions in use. */
export async function listRegions(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ region: string }>({
    name: 'list-regions',
    text: 'select geo_region_id::text as region from region order by geo_region_id',
  });
  return rows.map((row) => row.region);
}
