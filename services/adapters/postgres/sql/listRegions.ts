import type { Queryable } from './queryable.ts';

/** Signed ids of the regions in use. */
export async function listRegions(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ region: string }>({
    name: 'list-regions',
    text: 'select geo_region_id::text as region from region order by geo_region_id',
  });
  return rows.map((row) => row.region);
}

/** Signed ids of all regions in which a command's key may be kept: where cells are, where organisations are at home, and operators' own (0). */
export async function listCommandRegions(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ region: string }>({
    name: 'list-command-regions',
    text: `
select geo_region_id::text as region from region
 union select home_region_id::text from recipient
 union select home_region_id::text from donor
 union select '0'`,
  });
  return rows.map((row) => row.region);
}
