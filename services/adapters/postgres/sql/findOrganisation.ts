import type { Pool } from '../pool.ts';

/** What every request of an organisation needs to know of it. */
export interface OrganisationFacts {
  readonly id: string;
  readonly name: string;
  readonly lat: number;
  readonly lon: number;
  /** PostgreSQL's bigint in decimal; never changes */
  readonly homeRegionId: string;
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly lat: number;
  readonly lon: number;
  readonly home_region_id: string;
}

const FIND = {
  donor: 'select donor_id as id, name, lat, lon, home_region_id from donor where donor_id = $1',
  recipient: 'select recipient_id as id, name, lat, lon, home_region_id from recipient where recipient_id = $1',
};

/** Reference tables: read on the node that is asked. */
export async function findOrganisation(
  pool: Pool,
  kind: 'donor' | 'recipient',
  id: string,
): Promise<OrganisationFacts | null> {
  const { rows } = await pool.query<Row>({ name: `find_${kind}`, text: FIND[kind], values: [id] });
  const row = rows[0];
  if (row === undefined) return null;
  return { id: row.id, name: row.name, lat: row.lat, lon: row.lon, homeRegionId: row.home_region_id };
}
