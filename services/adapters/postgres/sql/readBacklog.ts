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
 * is due begins with it: else every open lot is passed.
 */
export async function readBacklog(db: Queryable): Promise<Backlog> {
  const { rows } = await db.query<Backlog>({
    name: 'read-backlog',
    text: `
with unpublished as (
  select count(*) as n, min(created_at) as oldest from outbox where published_at is null),
due as (
  select count(*) as n, count(*) filter (where next_action_at < now() - interval '60 seconds') as long
    from region join lot using (geo_region_id)
   where ended_at is null and next_action_at < now() - interval '5 seconds')
select unpublished.n::int as "unpublishedRows",
  greatest(0, coalesce(extract(epoch from now() - unpublished.oldest), 0))::float8 as "oldestSeconds",
  due.n::int as "overdueLots", due.long::int as "longOverdueLots"
  from unpublished, due`,
  });
  return rows[0] ?? { unpublishedRows: 0, oldestSeconds: 0, overdueLots: 0, longOverdueLots: 0 };
}
