/** The refresh cookie: out of reach of scripts, sent to our own sign-in routes alone, and never from another site's page. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { parseCookie, stringifySetCookie } from 'cookie';
import { IDLE_DAYS } from '#adapters/postgres/sql/sessions.ts';

export interface RefreshCookie {
  read(request: Pick<FastifyRequest, 'headers'>): string | null;
  keep(reply: FastifyReply, value: string): void;
  forget(reply: FastifyReply): void;
}

const PATH = '/v1/auth';

/** @param isSecure false only on this machine's own http */
export function createRefreshCookie(isSecure: boolean): RefreshCookie {
  // The prefix keeps a neighbour on plain http from planting one.
  const name = isSecure ? '__Secure-refresh' : 'refresh';
  const set = (reply: FastifyReply, value: string, maxAge: number): void => {
    const cookie = { name, value, maxAge, path: PATH, httpOnly: true, secure: isSecure, sameSite: 'strict' as const };
    reply.header('set-cookie', stringifySetCookie(cookie)).header('cache-control', 'no-store');
  };
  return {
    read: ({ headers }) => parseCookie(headers.cookie ?? '')[name] ?? null,
    keep: (reply, value) => set(reply, value, IDLE_DAYS * 86_400),
    forget: (reply) => set(reply, '', 0),
  };
}
