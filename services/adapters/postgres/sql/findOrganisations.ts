import type { Pool } from '../pool.ts';

/** What every request of an organisation needs to know of it. */
export interface OrganisationFacts {
  readonly id: string;
  readonly name: string;
  readonly lat: number;
  readonly lon: number;
  /** PostgreSQL's bigint in decimal; never changes */
  readonly homeRegionId: string;
  readonly active: boolean;
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly lat: number;
  readonly lon: number;
  readonly home_region_id: string;
  readonly active: boolean;
}

const FIND = {
  donor: 'select donor_id as id, name, lat, lon, home_region_id, active from donor where donor_id = any($1)',
  recipient:
    'select recipient_id as id, name, lat, lon, home_region_id, active from recipient where recipient_id = any($1)',
};

/** In the order asked; null: there is none. Reference tables: read on the node that is asked. */
export async function findOrganisations(
  pool: Pool,
  kind: 'donor' | 'recipient',
  ids: readonly string[],
): Promise<(OrganisationFacts | null)[]> {
  const { rows } = await pool.query<Row>({ name: `find_${kind}s`, text: FIND[kind], values: [ids] });
  const found = new Map(rows.map((row) => [row.id, factsOf(row)]));
  return ids.map((id) => found.get(id) ?? null);
}

function factsOf(row: Row): OrganisationFacts {
  const { id, name, lat, lon, home_region_id: homeRegionId, active } = row;
  return { id, name, lat, lon, homeRegionId, active };
}
