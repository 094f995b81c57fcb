import type { Queryable } from './queryable.ts';

export interface UnprovenOffer {
  readonly offerId: string;
  readonly lotId: string;
  readonly ageMs: number;
}

/**
 * Open offers of one region of which nobody is proved to have been told, between two ages; the latest first, which were sent again least.
 * @param region signed id
 */
export async function findUnprovenOffers(
  db: Queryable,
  region: string,
  ages: { readonly fromMs: number; readonly toMs: number },
  limit: number,
): Promise<UnprovenOffer[]> {
  const { rows } = await db.query<UnprovenOffer>({
    name: 'find-unproven-offers',
    text: `
select offer_id as "offerId", lot_id as "lotId", (extract(epoch from now() - offered_at) * 1000)::float8 as "ageMs" from offer
 where geo_region_id = $1 and state = 'open' and notified_at is null
   and offered_at <= now() - $2 * interval '1 millisecond' and offered_at > now() - $3 * interval '1 millisecond'
   and deadline > now()
 order by offered_at desc
 limit $4`,
    values: [region, ages.fromMs, ages.toMs, limit],
  });
  return rows;
}
