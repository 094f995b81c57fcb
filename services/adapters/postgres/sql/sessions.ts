import type { Queryable } from './queryable.ts';
import type { MemberRow } from './signInLinks.ts';

export interface SessionRow extends MemberRow {
  readonly secretHash: Buffer;
  readonly previousHash: Buffer | null;
  readonly rotatedSecondsAgo: number;
  /** µs since 1970, as text */
  readonly rotatedAtMicros: string;
  readonly nowMicros: string;
  /** false: signed out, or too old */
  readonly alive: boolean;
}

/** Unused for this long, it is over; and so it is after half a year, used or not. */
export const IDLE_DAYS = 30;
const MAX_DAYS = 180;

export async function startSession(
  db: Queryable,
  id: string,
  { role, subject }: MemberRow,
  secretHash: Buffer,
): Promise<void> {
  await db.query(
    `insert into session (session_id, role, subject, secret_hash, expires_at)
     values ($1, $2, $3, $4, now() + $5 * interval '1 day')`,
    [id, role, subject, secretHash, IDLE_DAYS],
  );
}

/** Held until the transaction ends: two tabs come one after the other. */
export async function holdSession(db: Queryable, id: string): Promise<SessionRow | null> {
  const { rows } = await db.query<SessionRow>(
    `select role, subject, secret_hash as "secretHash", previous_hash as "previousHash",
       extract(epoch from clock_timestamp() - rotated_at)::float8 as "rotatedSecondsAgo",
       (extract(epoch from rotated_at) * 1000000)::bigint::text as "rotatedAtMicros",
       (extract(epoch from clock_timestamp()) * 1000000)::bigint::text as "nowMicros",
       ended_at is null and expires_at > now() as alive
     from session where session_id = $1 for update`,
    [id],
  );
  return rows[0] ?? null;
}

const USED = `expires_at = least(now() + $3 * interval '1 day', created_at + $4 * interval '1 day')`;

export async function rotateSession(db: Queryable, id: string, secretHash: Buffer): Promise<void> {
  await db.query(
    `update session set previous_hash = secret_hash, secret_hash = $2, rotated_at = clock_timestamp(), ${USED}
     where session_id = $1`,
    [id, secretHash, IDLE_DAYS, MAX_DAYS],
  );
}

/** Instead of one that was never shown; the one before stays the one before. @param atMicros µs since 1970 */
export async function replaceSecret(db: Queryable, id: string, secretHash: Buffer, atMicros: string): Promise<void> {
  await db.query(
    `update session set secret_hash = $2, rotated_at = 'epoch'::timestamptz + $5::bigint * interval '1 microsecond', ${USED}
     where session_id = $1`,
    [id, secretHash, IDLE_DAYS, MAX_DAYS, atMicros],
  );
}

type EndedBecause = 'signed-out' | 'everywhere' | 'reused';

export async function endSession(db: Queryable, id: string, because: EndedBecause): Promise<void> {
  await db.query('update session set ended_at = now(), ended_because = $2 where session_id = $1 and ended_at is null', [
    id,
    because,
  ]);
}

/** @returns how many were open */
export async function endSessionsOf(db: Queryable, { role, subject }: MemberRow): Promise<number> {
  const { rowCount } = await db.query(
    `update session set ended_at = now(), ended_because = 'everywhere'
     where role = $1 and subject = $2 and ended_at is null`,
    [role, subject],
  );
  return rowCount ?? 0;
}
