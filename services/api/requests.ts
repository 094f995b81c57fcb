/** Reading what stands in a request beyond its schema. */
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RawServerDefault } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { malformed, Problem } from './problems.ts';

/** The app as routes see it: schemas give the types. */
export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

type Headers = Pick<FastifyRequest, 'headers'>;

/** @returns the version in If-Match; null: absent, or `*`. @throws Problem malformed-request */
export function ifMatchOf(request: Headers): number | null {
  const given = request.headers['if-match'];
  if (given === undefined || given === '*') return null;
  const match = /^"([1-9][0-9]{0,8})"$/.exec(given);
  if (match === null) throw malformed('if-match', 'must be one ETag as you read it, e.g. "3", or *');
  return Number(match[1]);
}

/** @returns the version in If-Match, or null for `*`. @throws Problem if-match-missing */
export function requiredIfMatchOf(request: Headers): number | null {
  if (request.headers['if-match'] === undefined) {
    throw new Problem(
      'if-match-missing',
      'Read it first, and send its ETag as If-Match, so that nobody overwrites what another changed.',
    );
  }
  return ifMatchOf(request);
}

export function etagOf(version: number): string {
  return `"${String(version)}"`;
}

const EARLIEST_MS = Date.UTC(2000, 0, 1);
const LATEST_MS = Date.UTC(2200, 0, 1);

/** @returns unix ms of an RFC 3339 time. @throws Problem when it is no time between the years 2000 and 2200 */
export function instantMsOf(text: string, field: string): number {
  const atMs = Date.parse(text);
  if (!(atMs >= EARLIEST_MS && atMs < LATEST_MS)) throw malformed(field, 'is no time we can use');
  return atMs;
}
