import { LONGEST_POSTED_MS } from '#core/lots/policy.ts';
import type { Queryable } from './queryable.ts';

export interface DueLot {
  readonly lotId: string;
  readonly version: number;
  /** how long it has been due, ms, by PostgreSQL's clock */
  readonly overdueMs: number;
}

/**
 * Open lots of one region for which something must happen now, the longest due first; and those that wait because PostgreSQL's clock was ahead: nobody
 * would look for them until it is there again. They wait for candidates longer than anybody does, or were posted in a time that is yet to come.
 * @param region signed id @param except signed ids of cells whose lots are left out
 */
export async function findDueLots(
  db: Queryable,
  region: string,
  limit: number,
  except: readonly string[] = [],
): Promise<DueLot[]> {
  const { rows } = await db.query<DueLot>({
    name: 'find-due-lots',
    text: `
(select lot_id as "lotId", version, (extract(epoch from now() - next_action_at) * 1000)::float8 as "overdueMs" from lot
 where geo_region_id = $1 and ended_at is null and next_action_at <= now() and cell_id <> all($3)
 order by next_action_at
 limit $2)
union all
(select lot_id, version, 0 from lot
 where geo_region_id = $1 and state = 'posted' and next_action_at > now() + $4 * interval '1 millisecond' and cell_id <> all($3)
 order by next_action_at
 limit $2)
union all
(select lot_id, version, 0 from lot
 where geo_region_id = $1 and state = 'rematching' and posted_at > now() + $4 * interval '1 millisecond' and next_action_at >= posted_at
   and cell_id <> all($3)
 order by next_action_at
 limit $2)`,
    values: [region, limit, except, LONGEST_POSTED_MS],
  });
  return rows;
}
