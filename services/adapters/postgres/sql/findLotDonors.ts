import type { Pool } from '../pool.ts';

export interface LotRowPlace {
  readonly lotId: string;
  /** PostgreSQL's bigint in decimal */
  readonly regionId: string;
  readonly postedAt: string;
}

// The regions are named, so that only their shards are asked.
const FIND = `select lot_id, donor_id from lot
  where geo_region_id = any($1) and posted_at = any($2) and lot_id = any($3)`;

/** Whose food it is: lot id → donor id; those that are not there are left out. */
export async function findLotDonors(pool: Pool, places: readonly LotRowPlace[]): Promise<ReadonlyMap<string, string>> {
  if (places.length === 0) return new Map();
  const values = [
    places.map(({ regionId }) => regionId),
    places.map(({ postedAt }) => postedAt),
    places.map(({ lotId }) => lotId),
  ];
  const { rows } = await pool.query<{ lot_id: string; donor_id: string }>(FIND, values);
  return new Map(rows.map((row) => [row.lot_id, row.donor_id]));
}
