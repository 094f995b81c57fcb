/** What the notifier reads and writes of many lots at once: a statement per region, never one per event. */
import type { Queryable } from './queryable.ts';

export interface OfferProof {
  readonly state: string;
  /** somebody was told */
  readonly proved: boolean;
}

interface OfferKey {
  /** of the lot; names the partition */
  readonly postedAt: Date;
  readonly offerId: string;
}

/** In the order asked; null: no such offer. @param region signed id */
export async function readOfferProofs(
  db: Queryable,
  region: string,
  keys: readonly OfferKey[],
): Promise<(OfferProof | null)[]> {
  const { rows } = await db.query<OfferProof & { offerId: string }>({
    name: 'read-offer-proofs',
    text: `
select offer_id as "offerId", state, notified_at is not null as proved from offer
 where geo_region_id = $1 and offer_id = any($2) and posted_at between $3 and $4`,
    values: [region, ...idsAndTimes(keys)],
  });
  const found = new Map(rows.map(({ offerId, state, proved }) => [offerId, { state, proved }]));
  return keys.map((key) => found.get(key.offerId) ?? null);
}

/** Marks those that are not marked yet. */
export async function markOffersNotified(db: Queryable, region: string, keys: readonly OfferKey[]): Promise<void> {
  await db.query({
    name: 'mark-offers-notified',
    text: `
update offer set notified_at = now()
 where geo_region_id = $1 and offer_id = any($2) and posted_at between $3 and $4 and notified_at is null`,
    values: [region, ...idsAndTimes(keys)],
  });
}

/** One array of ids; the times only tell which partitions to look at. */
function idsAndTimes(keys: readonly OfferKey[]): [string[], Date, Date] {
  const times = keys.map((key) => key.postedAt.getTime());
  return [keys.map((key) => key.offerId), new Date(Math.min(...times)), new Date(Math.max(...times))];
}

/** The highest version of each lot a consumer has applied; 0: none. @param consumer e.g. `notify` @param region signed id */
export async function readAppliedVersions(
  db: Queryable,
  consumer: string,
  region: string,
  lotIds: readonly string[],
): Promise<number[]> {
  const ids = lotIds.map((lotId) => commandId(consumer, lotId));
  const { rows } = await db.query<{ id: string; version: number }>({
    name: 'read-applied-versions',
    text: `
select command_id as id, (answer->>'version')::int as version from command
 where geo_region_id = $1 and command_id = any($2)`,
    values: [region, ids],
  });
  const versions = new Map(rows.map(({ id, version }) => [id, version]));
  return ids.map((id) => versions.get(id) ?? 0);
}

export interface AppliedVersion {
  readonly lotId: string;
  readonly version: number;
}

/** Never goes back. Each lot at most once in a call. */
export async function recordAppliedVersions(
  db: Queryable,
  consumer: string,
  region: string,
  applied: readonly AppliedVersion[],
): Promise<void> {
  await db.query({
    name: 'record-applied-versions',
    text: `
insert into command (geo_region_id, command_id, kind, answer)
select $1::bigint, k.id, 'event', k.answer::jsonb from unnest($2::text[], $3::text[]) as k(id, answer)
on conflict (geo_region_id, command_id) do update set answer = excluded.answer
 where (command.answer->>'version')::int < (excluded.answer->>'version')::int`,
    values: [
      region,
      applied.map(({ lotId }) => commandId(consumer, lotId)),
      applied.map(({ version }) => JSON.stringify({ version })),
    ],
  });
}

function commandId(consumer: string, lotId: string): string {
  return `event:${consumer}:${lotId}`;
}
