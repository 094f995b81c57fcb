import { TIMES_AS_TEXT, type OutboxRow } from './readOutbox.ts';
import type { Queryable } from './queryable.ts';

/**
 * The unpublished events that these rows would overtake: of the same lots, of a lower version than a lot's highest here, and not among
 * them. The lowest versions of all come first: where `limit` cuts, nothing lower is left out.
 * @param region signed id
 */
export async function readOvertaken(
  db: Queryable,
  region: string,
  overtaking: readonly OutboxRow[],
  limit: number,
): Promise<OutboxRow[]> {
  // array_position finds the first of a lot: its highest
  const highestFirst = [...overtaking].sort((a, b) => b.lotVersion - a.lotVersion);
  const { rows } = await db.query<OutboxRow>({
    name: 'read-overtaken',
    // The index of lots, and no other: asked by "is null", it would be looked for among all of the region.
    text: `
select created_at as "createdAt", outbox_id as "outboxId", lot_id as "lotId", lot_version as "lotVersion", subject, payload, traceparent
  from outbox
 where geo_region_id = $1 and lot_id = any($2::text[]) and coalesce(published_at, 'infinity') = 'infinity'
   and lot_version < ($3::integer[])[array_position($2::text[], lot_id)] and outbox_id <> all($4::uuid[])
 order by lot_version
 limit $5`,
    values: [
      region,
      highestFirst.map((row) => row.lotId),
      highestFirst.map((row) => row.lotVersion),
      highestFirst.map((row) => row.outboxId),
      limit,
    ],
    types: TIMES_AS_TEXT,
  });
  return rows;
}
