import type { Pool } from '../pool.ts';
import type { AuditEntry } from './writeAudit.ts';

export type AuditRow = Omit<AuditEntry, 'role'> & {
  /** RFC 3339 */
  readonly at: string;
};

export interface AuditFilter {
  /** e.g. `lot:…`; null: whatever they did */
  readonly subject: string | null;
  /** the last of the page before; newest come first */
  readonly afterId: string | null;
  readonly limit: number;
}

interface Row {
  readonly audit_id: string;
  readonly at: Date;
  readonly actor_organisation: string;
  readonly action: string;
  readonly subject: string;
  readonly why: string | null;
  readonly before: object | null;
  readonly after: object | null;
}

// Rows stay for ever: the last one says where its page ended, to the microsecond.
const LIST = `select audit_id, at, actor_organisation, action, subject, why, before, after from audit_log
  where actor_role = 'operator' and ($1::text is null or subject = $1)
    and ($2::uuid is null or (at, audit_id) < (select at, audit_id from audit_log where audit_id = $2))
  order by at desc, audit_id desc limit $3`;

/** What operators did, newest first. */
export async function listOperatorAudit(pool: Pool, { subject, afterId, limit }: AuditFilter): Promise<AuditRow[]> {
  const { rows } = await pool.query<Row>(LIST, [subject, afterId, limit]);
  return rows.map(({ audit_id: id, at, actor_organisation: actor, action, subject: about, why, before, after }) => {
    return { id, at: at.toISOString(), actor, action, subject: about, why, before, after };
  });
}
