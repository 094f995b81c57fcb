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

const COLUMNS = `created_at as "createdAt", outbox_id as "outboxId", lot_id as "lotId", lot_version as "lotVersion", subject, payload, traceparent`;
const OF_REGION = 'published_at is null order by created_at, lot_version limit $2';

/**
 * The oldest unpublished events of each of these regions, so many at most of each. Rows of a transaction that is still open are simply not
 * there yet: nothing is remembered by position, so nothing is passed over.
 * @param regions signed ids, of one group (`Groups`), not empty
 * @returns a list for each, in the order asked
 */
export async function readOutbox(db: Queryable, regions: readonly string[], limit: number): Promise<OutboxRow[][]> {
  const [only] = regions;
  if (regions.length === 1 && only !== undefined) return [await readOne(db, only, limit)];
  const { rows } = await db.query<OutboxRow & { region: string }>({
    name: 'read-outbox-of-regions',
    text: `
select r.id::text as region, o.* from unnest($1::bigint[]) as r(id)
 cross join lateral (select ${COLUMNS} from outbox where geo_region_id = r.id and ${OF_REGION}) as o`,
    values: [regions, limit],
    types: TIMES_AS_TEXT,
  });
  const byRegion = Map.groupBy(rows, ({ region }) => region);
  return regions.map((region) => byRegion.get(region) ?? []);
}

async function readOne(db: Queryable, region: string, limit: number): Promise<OutboxRow[]> {
  const { rows } = await db.query<OutboxRow>({
    name: 'read-outbox',
    text: `select ${COLUMNS} from outbox where geo_region_id = $1 and ${OF_REGION}`,
    values: [region, limit],
    types: TIMES_AS_TEXT,
  });
  return rows;
}
