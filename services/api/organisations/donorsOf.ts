import type { Pool } from '#adapters/postgres/pool.ts';
import { findLotDonors } from '#adapters/postgres/sql/findLotDonors.ts';
import { findLotPlace } from '../pathIds.ts';

/** Whose food it is, by lot. What names no lot of ours, or one that is not there, is left out. */
export async function donorsOf(pool: Pool, lotIds: readonly (string | null)[]): Promise<ReadonlyMap<string, string>> {
  const places = lotIds.map(findLotPlace).filter((place) => place !== null);
  return await findLotDonors(pool, places);
}
