import { setTimeout as pause } from 'node:timers/promises';
import type { Pool, QueryConfig } from 'pg';
import type { Queryable } from './queryable.ts';

const LONG_STATEMENT = '60s';
/** The pool gives up a query after three seconds otherwise. */
const LONG_QUERY_MS = 65_000;

/** Makes the partitions of the coming months and days. @returns how many were made */
export function ensurePartitions(pool: Pool): Promise<number> {
  return callSlowly(pool, 'select ensure_partitions() as count');
}

/** Drops days of the outbox that are done with. @returns how many */
export function dropDoneOutboxDays(pool: Pool): Promise<number> {
  return callSlowly(pool, 'select drop_done_outbox_days() as count');
}

/** Whoever waits for a whole table holds up all who come after: no longer than this, well below the second that turns wait for a lock. */
const LOCK_TIMEOUT = '200ms';
/** some ten seconds of them: who is told to end waits for the last */
const LOCK_TRIES = 8;
const BETWEEN_TRIES_MS = 1_000;
const NO_LOCK = '55P03';

/** Somebody who reads for long, a backup, lets nobody have a whole table: asked for again and again, not waited for. */
async function callSlowly(pool: Pool, text: string): Promise<number> {
  for (let tries = 1; ; tries++) {
    try {
      return await callOnce(pool, text);
    } catch (error) {
      if ((error as { code?: string }).code !== NO_LOCK || tries === LOCK_TRIES) throw error;
      await pause(BETWEEN_TRIES_MS);
    }
  }
}

/** The role's statement timeout of a second is for turns; making and dropping tables may take longer. */
async function callOnce(pool: Pool, text: string): Promise<number> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    await client.query(`set local statement_timeout = '${LONG_STATEMENT}'`);
    await client.query(`set local lock_timeout = '${LOCK_TIMEOUT}'`);
    const { rows } = await client.query<{ count: number }>({ text, query_timeout: LONG_QUERY_MS } as QueryConfig);
    await client.query('commit');
    return rows[0]?.count ?? 0;
  } catch (error) {
    broken = error as Error;
    throw error;
  } finally {
    client.release(broken);
  }
}

/** @param region signed id @returns how many went; fewer than `limit`: none is left */
export async function deleteOldCommands(
  db: Queryable,
  region: string,
  olderThanDays: number,
  limit: number,
): Promise<number> {
  const { rowCount } = await db.query(
    `
delete from command where geo_region_id = $1 and command_id in (
  select command_id from command
   where geo_region_id = $1 and created_at < now() - $2 * interval '1 day' order by created_at limit $3)`,
    [region, olderThanDays, limit],
  );
  return rowCount ?? 0;
}

const SIGN_INS = {
  sign_in_link: 'token_hash',
  session: 'session_id',
  spent_challenge: 'challenge_hash',
} as const;
export type SignInTable = keyof typeof SIGN_INS;
export const SIGN_IN_TABLES = Object.keys(SIGN_INS) as readonly SignInTable[];

/** By when they were good, or would have been. @returns how many went; fewer than `limit`: none is left */
export async function deleteOldSignIns(
  db: Queryable,
  table: SignInTable,
  olderThanDays: number,
  limit: number,
): Promise<number> {
  const key = SIGN_INS[table];
  const { rowCount } = await db.query(
    `
delete from ${table} where ${key} in (
  select ${key} from ${table} where expires_at < now() - $1 * interval '1 day' order by expires_at limit $2)`,
    [olderThanDays, limit],
  );
  return rowCount ?? 0;
}

/** @returns how many went; fewer than `limit`: none is left */
export async function deleteOldTravelTimes(db: Queryable, olderThanDays: number, limit: number): Promise<number> {
  const { rowCount } = await db.query(
    `
delete from travel_time where (from_place, to_place, mode) in (
  select from_place, to_place, mode from travel_time where measured_at < now() - $1 * interval '1 day' order by measured_at limit $2)`,
    [olderThanDays, limit],
  );
  return rowCount ?? 0;
}
