/** One-time links: how somebody signs in for the first time, and again where there is no passkey. */
import type { Pool } from '#adapters/postgres/pool.ts';
import { saveSignInLink, takeSignInLink } from '#adapters/postgres/sql/signInLinks.ts';
import { writeAudit } from '#adapters/postgres/sql/writeAudit.ts';
import { inTransaction } from '#adapters/postgres/transaction.ts';
import { Problem } from '../problems.ts';
import type { Member } from './member.ts';
import { digestOf, newSecret } from './secrets.ts';
import type { Sessions, SignedIn } from './sessions.ts';

export interface IssuedLink {
  readonly url: string;
  readonly expiresAt: Date;
}

export interface LinkIssue {
  readonly member: Member;
  /** for the audit log: who hands it out */
  readonly issuer: { readonly role: string; readonly actor: string };
  /** uuid */
  readonly auditId: string;
  /** scheme, host and port */
  readonly origin: string;
}

/** A few days, for a link may travel by letter; whoever is late asks for another. */
const LIFETIME_SECONDS = 3 * 24 * 60 * 60;

/** The secret stands behind the #, which no server, log or preview of a messenger is sent. */
export async function issueLink(pool: Pool, { member, issuer, auditId, origin }: LinkIssue): Promise<IssuedLink> {
  const token = newSecret();
  const expiresAt = await inTransaction(pool, async (db) => {
    const until = await saveSignInLink(db, digestOf(token), member, LIFETIME_SECONDS);
    const subject = `${member.role}:${member.subject}`;
    const after = { expiresAt: until.toISOString() };
    await writeAudit(db, { id: auditId, ...issuer, action: 'link.issue', subject, why: null, before: null, after });
    return until;
  });
  return { url: `${origin}/#/enter/${token}`, expiresAt };
}

/** @property attemptId the same for each try; nobody else knows it, as nobody knows the token */
export interface Entry {
  readonly token: string;
  readonly attemptId?: string;
}

/** Once; who asks again as the same attempt may not have heard the answer, and gets it. @throws Problem link-used, link-expired, not-authenticated */
export async function enterByLink(pool: Pool, sessions: Sessions, { token, attemptId }: Entry): Promise<SignedIn> {
  const attempt = attemptId === undefined ? null : `${token}.${attemptId.toLowerCase()}`;
  return await inTransaction(pool, async (db) => {
    const taken = await takeSignInLink(db, digestOf(token));
    if (!('refused' in taken)) return await sessions.start(db, taken, attempt);
    const heard = attempt === null || taken.refused !== 'used' ? null : await sessions.repeat(db, attempt);
    if (heard !== null) return heard;
    switch (taken.refused) {
      case 'used':
        throw new Problem('link-used', 'A link opens once. Ask for a new one, or sign in with your passkey.');
      case 'expired':
        throw new Problem('link-expired', 'The link is too old. Ask for a new one.');
      case 'unknown':
        throw new Problem('not-authenticated', 'This is no link of ours. Was all of it copied?');
    }
  });
}
