import type { Queryable } from './queryable.ts';

export interface MemberRow {
  readonly role: 'donor' | 'recipient' | 'operator';
  /** the organisation's id, or the operator's name */
  readonly subject: string;
}

/** @returns until when it is good */
export async function saveSignInLink(
  db: Queryable,
  tokenHash: Buffer,
  { role, subject }: MemberRow,
  lifetimeSeconds: number,
): Promise<Date> {
  const { rows } = await db.query<{ expires_at: Date }>(
    `insert into sign_in_link (token_hash, role, subject, expires_at)
     values ($1, $2, $3, now() + $4 * interval '1 second') returning expires_at`,
    [tokenHash, role, subject, lifetimeSeconds],
  );
  if (rows[0] === undefined) throw new Error('the link was not written');
  return rows[0].expires_at;
}

export type TakenLink = MemberRow | { readonly refused: 'unknown' | 'used' | 'expired' };

/** Once: whoever comes second finds it used. */
export async function takeSignInLink(db: Queryable, tokenHash: Buffer): Promise<TakenLink> {
  const taken = await db.query<MemberRow>(
    `update sign_in_link set used_at = now() where token_hash = $1 and used_at is null and expires_at > now()
     returning role, subject`,
    [tokenHash],
  );
  if (taken.rows[0] !== undefined) return taken.rows[0];
  const { rows } = await db.query<{ used: boolean }>(
    'select used_at is not null as used from sign_in_link where token_hash = $1',
    [tokenHash],
  );
  if (rows[0] === undefined) return { refused: 'unknown' };
  return { refused: rows[0].used ? 'used' : 'expired' };
}
