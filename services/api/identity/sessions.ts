/** Browsers that are signed in: each holds a cookie that changes with every use. */
import { randomBytes } from 'node:crypto';
import type { PoolClient } from 'pg';
import type { Pool } from '#adapters/postgres/pool.ts';
import type { Queryable } from '#adapters/postgres/sql/queryable.ts';
import {
  endSession,
  endSessionsOf,
  holdSession,
  replaceSecret,
  rotateSession,
  startSession,
  type SessionRow,
} from '#adapters/postgres/sql/sessions.ts';
import { inTransaction } from '#adapters/postgres/transaction.ts';
import type { Member } from './member.ts';
import { judgeRefresh } from './refresh.ts';
import { digestOf, keyFor, macOf, newSecret, sameDigest } from './secrets.ts';

/** A member, and the cookie its browser is to keep from now on. */
export interface SignedIn {
  readonly member: Member;
  readonly cookie: string;
}

export interface Sessions {
  /** @param attempt the same words give the same cookie; null: another each time */
  start(db: Queryable, member: Member, attempt?: string | null): Promise<SignedIn>;
  /** What that attempt started, for whoever did not hear it. null: nothing, or it has been used since */
  repeat(db: Queryable, attempt: string): Promise<SignedIn | null>;
  /** @returns `reused`: the session has been ended, for a copy of its cookie is about */
  refresh(cookie: string): Promise<SignedIn | 'reused' | 'gone'>;
  end(cookie: string): Promise<void>;
  endAllOf(db: Queryable, member: Member): Promise<number>;
}

interface Asked {
  readonly id: string;
  readonly given: string;
  readonly verdict: 'rotate' | 'again' | 'anew';
}

/** `<id>.<secret>` */
const COOKIE = /^([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})$/;

/** @param secret at least 32 bytes, the same in all processes */
export function createSessions(pool: Pool, secret: string): Sessions {
  const key = keyFor(secret, 'refresh secrets');
  // Made of the one before, so that who asks twice gets the same one, and it needs to be kept nowhere.
  const successorOf = (id: string, given: string): string => macOf(key, `${id}.${given}`).toString('base64url');
  // Another each time the one before is taken anew: what was lost is not to be found again.
  const laterSuccessorOf = (id: string, given: string, at: string): string => successorOf(id, `${given}.${at}`);

  const beginningOf = (attempt: string | null): { id: string; first: string } => {
    if (attempt === null) return { id: randomBytes(16).toString('base64url'), first: newSecret() };
    const made = (what: string, bytes: number): string =>
      macOf(key, `${what} of ${attempt}`).subarray(0, bytes).toString('base64url');
    return { id: made('the id', 16), first: made('the first secret', 32) };
  };

  async function refresh(db: PoolClient, id: string, given: string): Promise<SignedIn | 'reused' | 'gone'> {
    const session = await holdSession(db, id);
    const verdict = judgeRefresh(session, digestOf(given));
    if (verdict === 'reused') await endSession(db, id, 'reused');
    if (session === null || verdict === 'reused' || verdict === 'gone') return verdict === 'reused' ? verdict : 'gone';
    const next = await nextOf(db, session, { id, given, verdict });
    return signedIn(session, id, next);
  }

  async function nextOf(db: PoolClient, session: SessionRow, asked: Asked): Promise<string> {
    const { id, given, verdict } = asked;
    const first = successorOf(id, given);
    if (verdict === 'again') {
      const isFirst = sameDigest(digestOf(first), session.secretHash);
      return isFirst ? first : laterSuccessorOf(id, given, session.rotatedAtMicros);
    }
    if (verdict === 'rotate') {
      await rotateSession(db, id, digestOf(first));
      return first;
    }
    const later = laterSuccessorOf(id, given, session.nowMicros);
    await replaceSecret(db, id, digestOf(later), session.nowMicros);
    return later;
  }

  return {
    async start(db, member, attempt = null) {
      const { id, first } = beginningOf(attempt);
      await startSession(db, id, member, digestOf(first));
      return signedIn(member, id, first);
    },
    async repeat(db, attempt) {
      const { id, first } = beginningOf(attempt);
      const session = await holdSession(db, id);
      if (session?.alive !== true || !sameDigest(digestOf(first), session.secretHash)) return null;
      return signedIn(session, id, first);
    },
    async refresh(cookie) {
      const [, id, given] = COOKIE.exec(cookie) ?? [];
      if (id === undefined || given === undefined) return 'gone';
      return await inTransaction(pool, (db) => refresh(db, id, given));
    },
    async end(cookie) {
      const [, id, given] = COOKIE.exec(cookie) ?? [];
      if (id === undefined || given === undefined) return;
      await inTransaction(pool, async (db) => {
        // Whatever it is, an old cookie or the one of now: whoever shows it wants the session to end.
        if ((await holdSession(db, id))?.alive === true) await endSession(db, id, 'signed-out');
      });
    },
    endAllOf: endSessionsOf,
  };
}

function signedIn({ role, subject }: Member, id: string, secret: string): SignedIn {
  return { member: { role, subject }, cookie: `${id}.${secret}` };
}
