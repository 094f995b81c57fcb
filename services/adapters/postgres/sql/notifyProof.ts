import type { Queryable } from './queryable.ts';

export interface OfferProof {
  readonly state: string;
  /** somebody was told */
  readonly proved: boolean;
}

interface OfferKey {
  /** signed id */
  readonly region: string;
  /** of the lot; names the partition */
  readonly postedAt: Date;
  readonly offerId: string;
}

/** null: no such offer */
export async function readOfferProof(db: Queryable, key: OfferKey): Promise<OfferProof | null> {
  const { rows } = await db.query<OfferProof>({
    name: 'read-offer-proof',
    text: `
select state, notified_at is not null as proved from offer
 where geo_region_id = $1 and posted_at = $2 and offer_id = $3`,
    values: [key.region, key.postedAt, key.offerId],
  });
  return rows[0] ?? null;
}

export async function markOfferNotified(db: Queryable, key: OfferKey): Promise<void> {
  await db.query({
    name: 'mark-offer-notified',
    text: `
update offer set notified_at = now()
 where geo_region_id = $1 and posted_at = $2 and offer_id = $3 and notified_at is null`,
    values: [key.region, key.postedAt, key.offerId],
  });
}

/** The highest version of a lot a consumer has applied; 0: none. @param consumer e.g. `notify` @param region signed id */
export async function readAppliedVersion(
  db: Queryable,
  consumer: string,
  region: string,
  lotId: string,
): Promise<number> {
  const { rows } = await db.query<{ version: number }>({
    name: 'read-applied-version',
    text: `select (answer->>'version')::int as version from command where geo_region_id = $1 and command_id = $2`,
    values: [region, commandId(consumer, lotId)],
  });
  return rows[0]?.version ?? 0;
}

/** Never goes back. */
export async function recordAppliedVersion(
  db: Queryable,
  consumer: string,
  region: string,
  lotId: string,
  version: number,
): Promise<void> {
  await db.query({
    name: 'record-applied-version',
    text: `
insert into command (geo_region_id, command_id, kind, answer) values ($1, $2, 'event', $4::jsonb)
on conflict (geo_region_id, command_id) do update set answer = excluded.answer
 where (command.answer->>'version')::int < $3::int`,
    values: [region, commandId(consumer, lotId), version, JSON.stringify({ version })],
  });
}

function commandId(consumer: string, lotId: string): string {
  return `event:${consumer}:${lotId}`;
}
