import pg from 'pg';
import type { Queryable } from './queryable.ts';

export interface OutboxRow {
  /** timestamptz as text: a JavaScript date would lose the microseconds of the key */
  readonly createdAt: string;
  readonly outboxId: string;
  readonly lotId: string;
  readonly lotVersion: number;
  readonly subject: string;
  readonly payload: Buffer;
  readonly traceparent: string | null;
  /** timestamptz as text: names this claim */
  readonly claimedUntil: string;
}

const TIMESTAMPTZ = 1184;
/** Times as PostgreSQL writes them. A cast to text in the statement would do, but Citus takes none in `returning`. */
const TIMES_AS_TEXT: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === TIMESTAMPTZ ? (text: string) => text : (pg.types.getTypeParser(oid, format) as (text: string) => unknown),
};

/**
 * Claims the oldest unpublished events of one region. Rows being claimed by somebody else are skipped, and rows of a
 * transaction that is still open are simply not there yet: nothing is remembered by position, so nothing is passed over.
 * @param region signed id. Citus takes `skip locked` only with the distribution column given.
 */
export async function claimOutbox(db: Queryable, region: string, limit: number, claimMs: number): Promise<OutboxRow[]> {
  const { rows } = await db.query<OutboxRow>({
    name: 'claim-outbox',
    text: `
with due as (
  select created_at, lot_id, lot_version from outbox
   where geo_region_id = $1 and published_at is null and (claimed_until is null or claimed_until < now())
   order by created_at, lot_id, lot_version
   limit $2
   for update skip locked
)
update outbox o set claimed_until = now() + $3 * interval '1 millisecond'
  from due
 where o.geo_region_id = $1 and o.lot_id = due.lot_id and o.lot_version = due.lot_version and o.created_at = due.created_at
returning o.created_at as "createdAt", o.outbox_id as "outboxId", o.lot_id as "lotId", o.lot_version as "lotVersion",
  o.subject, o.payload, o.traceparent, o.claimed_until as "claimedUntil"`,
    values: [region, limit, claimMs],
    types: TIMES_AS_TEXT,
  });
  return rows;
}
