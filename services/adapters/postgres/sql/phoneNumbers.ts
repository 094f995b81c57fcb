import type { Sealed } from '../../crypto/sealed.ts';
import type { Queryable } from './queryable.ts';

export interface PhoneRow {
  readonly sealed: Sealed;
  readonly language: 'id' | 'en';
  readonly timeZone: string;
}

interface Row {
  readonly recipient_id: string;
  readonly cipher: Buffer;
  readonly key_id: string;
  readonly language: 'id' | 'en';
  readonly time_zone: string;
}

/** The numbers of those recipients that take messages, in the order asked; one that was refused is tried again a day later. null: it has none */
export async function findPhones(db: Queryable, recipientIds: readonly string[]): Promise<(PhoneRow | null)[]> {
  const { rows } = await db.query<Row>({
    name: 'find-phones',
    text: `
select r.recipient_id, p.cipher, p.key_id, p.language, r.time_zone from phone_number p join recipient r on r.recipient_id = p.organisation_id
 where p.role = 'recipient' and p.organisation_id = any($1) and (p.refused_at is null or p.refused_at < now() - interval '1 day')`,
    values: [recipientIds],
  });
  const found = new Map(rows.map((row) => [row.recipient_id, row]));
  return recipientIds.map((id) => {
    const row = found.get(id);
    if (row === undefined) return null;
    const { cipher, key_id: keyId, language, time_zone: timeZone } = row;
    return { sealed: { cipher, keyId }, language, timeZone };
  });
}

/** A new number is tried again, whatever became of the one before. */
export async function savePhone(
  db: Queryable,
  recipientId: string,
  { cipher, keyId }: Sealed,
  language: 'id' | 'en',
): Promise<void> {
  await db.query(
    `insert into phone_number (role, organisation_id, cipher, key_id, language) values ('recipient', $1, $2, $3, $4)
     on conflict (role, organisation_id) do update set cipher = excluded.cipher, key_id = excluded.key_id,
       language = excluded.language, created_at = now(), last_sent_at = null, refused_at = null`,
    [recipientId, cipher, keyId, language],
  );
}

/** @returns false when there was none */
export async function removePhone(db: Queryable, recipientId: string): Promise<boolean> {
  const removed = await db.query(`delete from phone_number where role = 'recipient' and organisation_id = $1`, [
    recipientId,
  ]);
  return (removed.rowCount ?? 0) > 0;
}

export async function markTexted(db: Queryable, recipientId: string, outcome: 'sent' | 'refused'): Promise<void> {
  const set = outcome === 'sent' ? 'last_sent_at = now(), refused_at = null' : 'refused_at = now()';
  await db.query(`update phone_number set ${set} where role = 'recipient' and organisation_id = $1`, [recipientId]);
}
