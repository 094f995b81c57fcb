/** What the notifier reads and writes of many lots at once: a statement per group of regions (`Groups`), never one per event. */
import type { Queryable } from './queryable.ts';
import { namingRegion, oneRegionOf } from './oneRegion.ts';

export interface OfferProof {
  readonly state: string;
  /** somebody was told */
  readonly proved: boolean;
}

export interface OfferKey {
  /** signed id */
  readonly region: string;
  /** of the lot; names the partition */
  readonly postedAt: Date;
  readonly offerId: string;
}

/** In the order asked; null: no such offer. */
export async function readOfferProofs(db: Queryable, keys: readonly OfferKey[]): Promise<(OfferProof | null)[]> {
  const region = namingRegion('read-offer-proofs', regionsOf(keys), 4);
  const { rows } = await db.query<OfferProof & { offerId: string }>({
    name: region.name,
    text: `
select offer_id as "offerId", state, notified_at is not null as proved from offer
 where offer_id = any($1) and posted_at between $2 and $3 ${region.text}`,
    values: [...idsAndTimes(keys), ...region.values],
  });
  const found = new Map(rows.map(({ offerId, state, proved }) => [offerId, { state, proved }]));
  return keys.map((key) => found.get(key.offerId) ?? null);
}

/** Marks those that are not marked yet. */
export async function markOffersNotified(db: Queryable, keys: readonly OfferKey[]): Promise<void> {
  const region = namingRegion('mark-offers-notified', regionsOf(keys), 4);
  await db.query({
    name: region.name,
    text: `
update offer set notified_at = now()
 where offer_id = any($1) and posted_at between $2 and $3 and notified_at is null ${region.text}`,
    values: [...idsAndTimes(keys), ...region.values],
  });
}

function regionsOf(keys: readonly { readonly region: string }[]): string[] {
  return keys.map(({ region }) => region);
}

/** One array of ids; the times only tell which partitions to look at. */
function idsAndTimes(keys: readonly OfferKey[]): [string[], Date, Date] {
  const times = keys.map((key) => key.postedAt.getTime());
  return [keys.map((key) => key.offerId), new Date(Math.min(...times)), new Date(Math.max(...times))];
}

export interface LotKey {
  /** signed id */
  readonly region: string;
  readonly lotId: string;
}

export interface AppliedVersion extends LotKey {
  readonly version: number;
}

const READ_ONE = 'select command_id as id, answer from command where geo_region_id = $1 and command_id = any($2)';
// By index, whatever the plan was made on: one row for each that is asked for.
const READ_SEVERAL = `select k.id, c.answer from unnest($1::bigint[], $2::text[]) as k(region, id)
  cross join lateral (select answer from command where geo_region_id = k.region and command_id = k.id limit 1) as c`;

/** The highest version of each lot a consumer has applied; 0: none. @param consumer e.g. `notify` */
export async function readAppliedVersions(db: Queryable, consumer: string, lots: readonly LotKey[]): Promise<number[]> {
  const ids = lots.map(({ lotId }) => commandId(consumer, lotId));
  const region = oneRegionOf(regionsOf(lots));
  const { rows } = await db.query<{ id: string; answer: { version: number } }>(
    region === null
      ? { name: 'read-applied-versions-of-regions', text: READ_SEVERAL, values: [regionsOf(lots), ids] }
      : { name: 'read-applied-versions', text: READ_ONE, values: [region, ids] },
  );
  const versions = new Map(rows.map(({ id, answer }) => [id, answer.version]));
  return ids.map((id) => versions.get(id) ?? 0);
}

const RECORD_ONE =
  "select $1::bigint, k.id, 'event', k.answer::jsonb from unnest($2::text[], $3::text[]) as k(id, answer)";
const RECORD_SEVERAL =
  "select k.region, k.id, 'event', k.answer::jsonb from unnest($1::bigint[], $2::text[], $3::text[]) as k(region, id, answer)";

/** Never goes back. Each lot at most once in a call. */
export async function recordAppliedVersions(
  db: Queryable,
  consumer: string,
  given: readonly AppliedVersion[],
): Promise<void> {
  // In one order for all, so that no two statements wait for each other.
  const applied = [...given].sort((one, other) => (one.region + one.lotId < other.region + other.lotId ? -1 : 1));
  const region = oneRegionOf(regionsOf(applied));
  const ids = applied.map(({ lotId }) => commandId(consumer, lotId));
  const answers = applied.map(({ version }) => JSON.stringify({ version }));
  await db.query({
    name: region === null ? 'record-applied-versions-of-regions' : 'record-applied-versions',
    text: `
insert into command (geo_region_id, command_id, kind, answer)
${region === null ? RECORD_SEVERAL : RECORD_ONE}
on conflict (geo_region_id, command_id) do update set answer = excluded.answer
 where (command.answer->>'version')::int < (excluded.answer->>'version')::int`,
    values: [region ?? regionsOf(applied), ids, answers],
  });
}

function commandId(consumer: string, lotId: string): string {
  return `event:${consumer}:${lotId}`;
}
