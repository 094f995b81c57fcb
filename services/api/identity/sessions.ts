/** Browsers that are signed in: each holds a cookie that changes with every use. */
import { randomBytes } from 'node:crypto';
import type { PoolClient } from 'pg';
import type { Pool } from '#adapters/postgres/pool.ts';
import type { Queryable } from '#adapters/postgres/sql/queryable.ts';
import {
  endSession,
  endSessionsOf,
  holdSession,
  rotateSession,
  startSession,
} from '#adapters/postgres/sql/sessions.ts';
import { inTransaction } from '#adapters/postgres/transaction.ts';
import type { Member } from './member.ts';
import { judgeRefresh } from './refresh.ts';
import { digestOf, keyFor, macOf, newSecret } from './secrets.ts';

/** A member, and the cookie its browser is to keep from now on. */
export interface SignedIn {
  readonly member: Member;
  readonly cookie: string;
}

export interface Sessions {
  start(db: Queryable, member: Member): Promise<SignedIn>;
  /** @returns `reused`: the session has been ended, for a copy of its cookie is about */
  refresh(cookie: string): Promise<SignedIn | 'reused' | 'gone'>;
  end(cookie: string): Promise<void>;
  endAllOf(db: Queryable, member: Member): Promise<number>;
}

/** `<id>.<secret>` */
const COOKIE = /^([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})$/;

/** @param secret at least 32 bytes, the same in all processes */
export function createSessions(pool: Pool, secret: string): Sessions {
  const key = keyFor(secret, 'refresh secrets');
  // Made of the one before, so that who asks twice gets the same one, and it needs to be kept nowhere.
  const successorOf = (id: string, given: string): string => macOf(key, `${id}.${given}`).toString('base64url');

  async function refresh(db: PoolClient, id: string, given: string): Promise<SignedIn | 'reused' | 'gone'> {
    const session = await holdSession(db, id);
    const verdict = judgeRefresh(session, digestOf(given));
    if (verdict === 'reused') await endSession(db, id, 'reused');
    if (session === null || verdict === 'reused' || verdict === 'gone') return verdict === 'reused' ? verdict : 'gone';
    const next = successorOf(id, given);
    if (verdict === 'rotate') await rotateSession(db, id, digestOf(next));
    return { member: { role: session.role, subject: session.subject }, cookie: `${id}.${next}` };
  }

  return {
    async start(db, member) {
      const id = randomBytes(16).toString('base64url');
      const first = newSecret();
      await startSession(db, id, member, digestOf(first));
      return { member, cookie: `${id}.${first}` };
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
