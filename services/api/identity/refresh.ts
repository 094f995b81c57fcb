/** What becomes of a refresh cookie: decided here, without reading or writing anything. */
import type { SessionRow } from '#adapters/postgres/sql/sessions.ts';
import { sameDigest } from './secrets.ts';

/**
 * rotate: it is the one of now. again: two tabs asked at once, or the answer was lost on its way; they get the same successor. anew: the one
 * before, of which no successor was ever shown: its answer was lost, perhaps days ago; the lost successor counts no more.
 * reused: it was good once, so a copy is about. gone: no such session, or it has ended.
 */
export type RefreshVerdict = 'rotate' | 'again' | 'anew' | 'reused' | 'gone';

/** Long enough for two tabs and for a phone that asks again; later the answer was lost, or one of two holds a copy. */
export const GRACE_SECONDS = 30;

/**
 * Of a session's id and a wrong secret we say `reused`: ids are random and stand nowhere but in the cookie, so whoever knows
 * one has held a cookie of it.
 */
export function judgeRefresh(session: SessionRow | null, secretHash: Buffer): RefreshVerdict {
  if (session === null || !session.alive) return 'gone';
  if (sameDigest(secretHash, session.secretHash)) return 'rotate';
  if (!sameDigest(secretHash, session.previousHash)) return 'reused';
  return session.rotatedSecondsAgo <= GRACE_SECONDS ? 'again' : 'anew';
}
