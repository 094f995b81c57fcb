import type { Queryable } from './queryable.ts';

/** Who did what to whom, and why. No personal data: of a contact only that it changed. */
export interface AuditEntry {
  /** uuid */
  readonly id: string;
  readonly role: string;
  /** the organisation, or the operator's subject */
  readonly actor: string;
  /** e.g. `recipient.change` */
  readonly action: string;
  /** e.g. `recipient:hki-12` */
  readonly subject: string;
  readonly why: string | null;
  readonly before: object | null;
  readonly after: object | null;
}

/** In the transaction of what it tells of; the same id again changes nothing. */
export async function writeAudit(db: Queryable, entry: AuditEntry): Promise<void> {
  const { id, role, actor, action, subject, why, before, after } = entry;
  await db.query(
    `insert into audit_log (audit_id, actor_role, actor_organisation, action, subject, why, before, after)
     values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (audit_id) do nothing`,
    [id, role, actor, action, subject, why, jsonOf(before), jsonOf(after)],
  );
}

function jsonOf(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}
