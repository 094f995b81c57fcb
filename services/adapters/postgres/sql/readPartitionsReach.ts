import type { Queryable } from './queryable.ts';

export interface PartitionsReach {
  readonly table: string;
  /** from now to the first moment for which there is no partition: what happens then can't be written; 0: now */
  readonly days: number;
}

/** How far ahead the partitioned tables can be written, without a gap. */
export async function readPartitionsReach(db: Queryable): Promise<readonly PartitionsReach[]> {
  const { rows } = await db.query<PartitionsReach>({
    name: 'read-partitions-reach',
    text: `
with tables as (select unnest(array['lot', 'offer', 'matching_history', 'outbox']) as name),
part as (
  select tables.name, pg_get_expr(c.relpartbound, c.oid) as bounds
    from tables join pg_inherits i on i.inhparent = to_regclass(tables.name) join pg_class c on c.oid = i.inhrelid),
span as (
  select name, substring(bounds from $$FROM \\('([^']+)'\\)$$)::timestamptz as low,
    substring(bounds from $$TO \\('([^']+)'\\)$$)::timestamptz as high from part),
reach as (
  select name, min(high) as until from span
   where high > now() and not exists (select from span as next where next.name = span.name and next.low = span.high)
   group by name)
select tables.name as "table",
  case when exists (select from span where span.name = tables.name and low <= now() and now() < high)
    then extract(epoch from reach.until - now()) / 86400 else 0 end::float8 as days
  from tables left join reach using (name) order by 1`,
  });
  return rows;
}
