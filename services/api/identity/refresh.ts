/** What becomes of a refresh cookie: decided here, without reading or writing anything. */
import type { SessionRow } from '#adapters/postgres/sql/sessions.ts';
import { sameDigest } from './secrets.ts';

/**
 * rotate: it is the one of now. again: two tabs asked at once, or the answer was lost on its way; they get the same successor.
 * reused: it was good once, so a copy is about. gone: no such session, or it has ended.
 */
export type RefreshVerdict = 'rotate' | 'again' | 'reused' | 'gone';

/** Long enough for two tabs and for a phone that asks again, too short for a copy to be of use unseen. */
export const GRACE_SECONDS = 30;

/**
 * Of a session's id and a wrong secret we say `reused`: ids are random and stand nowhere but in the cookie, so whoever knows
 * one has held a cookie of it.
 */
export function judgeRefresh(session: SessionRow | null, secretHash: Buffer): RefreshVerdict {
  if (session === null || !session.alive) return 'gone';
  if (sameDigest(secretHash, session.secretHash)) return 'rotate';
  const isPrevious = sameDigest(secretHash, session.previousHash);
  return isPrevious && session.rotatedSecondsAgo <= GRACE_SECONDS ? 'again' : 'reused';
}
