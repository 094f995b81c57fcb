/**
 * Classes and codes of PostgreSQL: no connection, not let in (a password that was changed, a role that may not log in), no resources, shutting down or out of
 * time, a disk in trouble; no lock, closed to connections, no database of that name (one is put in its place), read-only, idle in a transaction, deadlock, serialization.
 */
const AWAY_STATE = /^(08|28|53|57|58|3D000$|55P03$|55000$|25006$|25P03$|40P01$|40001$)/;
/** No server, no way to it, no name for it; no file, port or buffer left for a connection, nobody who lets it out. */
const AWAY_ERRNO =
  /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|ENOENT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|ENOTFOUND|EMFILE|ENFILE|EADDRNOTAVAIL|ENOBUFS|ENOMEM|EACCES|EPERM)$/;
/** What pg says without a code. */
const AWAY_WORDS = /timeout exceeded when trying to connect|Query read timeout|Connection terminated|not queryable/i;

/** PostgreSQL can't be reached, or can't do it just now: the same question may be answered later. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code = '', message } = error as Error & { code?: string };
  return AWAY_STATE.test(code) || AWAY_ERRNO.test(code) || AWAY_WORDS.test(message);
}
