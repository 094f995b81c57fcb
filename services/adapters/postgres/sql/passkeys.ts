import type { Queryable } from './queryable.ts';
import type { MemberRow } from './signInLinks.ts';

export interface PasskeyRow extends MemberRow {
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly signCount: number;
  readonly transports: readonly string[];
}

/** @returns false: this passkey is somebody's already */
export async function savePasskey(db: Queryable, credentialId: string, row: PasskeyRow): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into passkey (credential_id, role, subject, public_key, sign_count, transports)
     values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
    [credentialId, row.role, row.subject, Buffer.from(row.publicKey), row.signCount, row.transports],
  );
  return rowCount === 1;
}

export async function readPasskey(db: Queryable, credentialId: string): Promise<PasskeyRow | null> {
  const { rows } = await db.query<{
    role: MemberRow['role'];
    subject: string;
    public_key: Buffer;
    sign_count: string;
    transports: string[];
  }>('select role, subject, public_key, sign_count, transports from passkey where credential_id = $1', [credentialId]);
  const row = rows[0];
  if (row === undefined) return null;
  const { role, subject, transports } = row;
  return {
    role,
    subject,
    transports,
    publicKey: Uint8Array.from(row.public_key),
    signCount: Number(row.sign_count),
  };
}

export interface PasskeyName {
  readonly credentialId: string;
  readonly transports: string[];
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

export async function listPasskeys(db: Queryable, { role, subject }: MemberRow): Promise<PasskeyName[]> {
  const { rows } = await db.query<PasskeyName>(
    `select credential_id as "credentialId", transports, created_at as "createdAt", last_used_at as "lastUsedAt"
     from passkey where role = $1 and subject = $2
     order by created_at`,
    [role, subject],
  );
  return rows;
}

/** @returns false: this member has no such passkey */
export async function removePasskey(
  db: Queryable,
  { role, subject }: MemberRow,
  credentialId: string,
): Promise<boolean> {
  const { rowCount } = await db.query('delete from passkey where credential_id = $1 and role = $2 and subject = $3', [
    credentialId,
    role,
    subject,
  ]);
  return rowCount === 1;
}

/**
 * A counter that stands still or goes back is of a copy; many authenticators count nothing and always say 0.
 * @returns false: another request was quicker, or the counter did not grow
 */
export async function countPasskeyUse(db: Queryable, credentialId: string, signCount: number): Promise<boolean> {
  const { rowCount } = await db.query(
    `update passkey set sign_count = $2, last_used_at = now()
     where credential_id = $1 and (sign_count < $2 or (sign_count = 0 and $2 = 0))`,
    [credentialId, signCount],
  );
  return rowCount === 1;
}

/** @returns false: it was spent before */
export async function spendChallenge(db: Queryable, challengeHash: Buffer, goodUntilMs: number): Promise<boolean> {
  const { rowCount } = await db.query(
    'insert into spent_challenge (challenge_hash, expires_at) values ($1, $2) on conflict do nothing',
    [challengeHash, new Date(goodUntilMs)],
  );
  return rowCount === 1;
}
