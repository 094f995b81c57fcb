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
}

const TIMESTAMPTZ = 1184;
/** Times as PostgreSQL writes them. */
export const TIMES_AS_TEXT: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === TIMESTAMPTZ ? (text: string) => text : (pg.types.getTypeParser(oid, format) as (text: string) => unknown),
};

/**
 * The oldest unpublished events of one region. Rows of a transaction that is still open are simply not there yet: nothing is remembered
 * by position, so nothing is passed over.
 * @param region signed id
 */
export async function readOutbox(db: Queryable, region: string, limit: number): Promise<OutboxRow[]> {
  const { rows } = await db.query<OutboxRow>({
    name: 'read-outbox',
    text: `
select created_at as "createdAt", outbox_id as "outboxId", lot_id as "lotId", lot_version as "lotVersion", subject, payload, traceparent
  from outbox
 where geo_region_id = $1 and published_at is null
 order by created_at, lot_version
 limit $2`,
    values: [region, limit],
    types: TIMES_AS_TEXT,
  });
  return rows;
}
