import type { Queryable } from './queryable.ts';

export interface Backlog {
  readonly unpublishedRows: number;
  /** age of the oldest unpublished row; 0: there is none */
  readonly oldestSeconds: number;
  /** open lots whose next action should have come more than 5 s ago, and 60 s */
  readonly overdueLots: number;
  readonly longOverdueLots: number;
}

/**
 * What is left undone, across all regions, from the partial indexes of what is unpublished and what is open. By region, for the index of what
 * is due begins with it, and in order, for only that index gives one: else every open lot is passed, for as long as a month's partition has no
 * statistics. (No limit, which Citus refuses here.)
 */
export async function readBacklog(db: Queryable): Promise<Backlog> {
  const { rows } = await db.query<Backlog>({
    name: 'read-backlog',
    text: `
with unpublished as (
  select count(*) as n, min(created_at) as oldest from outbox where published_at is null),
due as (
  select count(*) as n, count(*) filter (where next_action_at < now() - interval '60 seconds') as long
    from region cross join lateral (
      select next_action_at from lot
       where lot.geo_region_id = region.geo_region_id and ended_at is null and next_action_at < now() - interval '5 seconds'
       order by next_action_at) as late)
select unpublished.n::int as "unpublishedRows",
  greatest(0, coalesce(extract(epoch from now() - unpublished.oldest), 0))::float8 as "oldestSeconds",
  due.n::int as "overdueLots", due.long::int as "longOverdueLots"
  from unpublished, due`,
  });
  return rows[0] ?? { unpublishedRows: 0, oldestSeconds: 0, overdueLots: 0, longOverdueLots: 0 };
}
