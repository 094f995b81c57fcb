/** Bearer tokens: RS256 and ES256, of an issuer we trust, one audience, at most 15 minutes long. */
import { decodeJwt, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { parseOrganisationId } from '#core/words/ids.ts';
import { Problem } from '../problems.ts';
import { IssuerUnavailable } from './jwks.ts';
import { principalOf, ROLES, type Principal, type Role } from './principal.ts';

export const TOKEN_TYPE = 'at+jwt';
export const MAX_LIFETIME_SECONDS = 15 * 60;
const CLOCK_TOLERANCE_SECONDS = 5;
const MAX_TOKEN_LENGTH = 4_096;
const MAX_SUBJECT_LENGTH = 128;

export interface Verified {
  readonly principal: Principal;
  /** ms until it is over, by the clock that gives it most */
  readonly leftMs: () => number;
}

interface Span {
  /** unix ms */
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** Each has its own keys: one can't sign in the other's name. */
export interface TrustedIssuer {
  readonly issuer: string;
  readonly keys: JWTVerifyGetKey;
}

export interface TokenOptions {
  readonly issuers: readonly TrustedIssuer[];
  readonly audience: string;
  /** unix ms each; a token is good if it is by one of them: whichever clock has jumped, people are let in by the others */
  readonly clocks: readonly (() => number)[];
  readonly cacheSize?: number;
}

/**
 * Verifies what stands in Authorization; a token seen before is looked up until it expires.
 * @throws Problem not-authenticated (401) or unavailable (503, the issuer is away)
 */
export function createTokenVerifier(options: TokenOptions): (authorization: string | undefined) => Promise<Verified> {
  const { cacheSize = 10_000, clocks } = options;
  const seen = new Map<string, Verified & Span>();

  async function verify(token: string): Promise<Verified & Span> {
    const verified = await verifyAnew(token, options);
    if (seen.size >= cacheSize) for (const [oldest] of [...seen].slice(0, cacheSize / 10)) seen.delete(oldest);
    seen.set(token, verified);
    return verified;
  }

  return async (authorization) => {
    const token = bearerOf(authorization);
    const known = seen.get(token);
    if (known === undefined) return await verify(token);
    if (clocks.some((nowMs) => isGoodAt(known, nowMs()))) return known;
    seen.delete(token);
    if (clocks.every((nowMs) => known.expiresAtMs <= nowMs())) throw notAuthenticated('The token has expired.');
    return await verify(token);
  };
}

function bearerOf(authorization: string | undefined): string {
  if (authorization === undefined) throw notAuthenticated('Send a token: Authorization: Bearer <token>.', false);
  const match = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization);
  if (match?.[1] === undefined || authorization.length > MAX_TOKEN_LENGTH)
    throw notAuthenticated('This is no bearer token.');
  return match[1];
}

async function verifyAnew(token: string, options: TokenOptions): Promise<Verified & Span> {
  try {
    const { iss, ...told } = decodeJwt(token);
    const trusted = options.issuers.find((each) => each.issuer === iss);
    if (trusted === undefined) throw notAuthenticated('The token is not valid here.');
    const nowMs = timeFor(told, options.clocks);
    const { payload } = await jwtVerify(token, trusted.keys, {
      algorithms: ['RS256', 'ES256'],
      issuer: trusted.issuer,
      audience: options.audience,
      typ: TOKEN_TYPE,
      requiredClaims: ['sub', 'exp', 'iat', 'role'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(nowMs),
    });
    return verifiedOf(payload, nowMs, options.clocks);
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (error instanceof IssuerUnavailable || error instanceof errors.JWKSTimeout) {
      throw new Problem('unavailable', 'Tokens cannot be checked just now.', { headers: { 'retry-after': '2' } });
    }
    throw notAuthenticated(
      error instanceof errors.JWTExpired ? 'The token has expired.' : 'The token is not valid here.',
    );
  }
}

/** What the clock says by which it would be good; else the first one. */
function timeFor(told: JWTPayload, clocks: TokenOptions['clocks']): number {
  const times = clocks.map((nowMs) => nowMs());
  const span = spanOf(told);
  return times.find((atMs) => isGoodAt(span, atMs)) ?? times[0] ?? Number.NaN;
}

function spanOf({ iat = 0, exp = 0 }: JWTPayload): Span {
  return { issuedAtMs: iat * 1000, expiresAtMs: exp * 1000 };
}

function isGoodAt({ issuedAtMs, expiresAtMs }: Span, atMs: number): boolean {
  return issuedAtMs - CLOCK_TOLERANCE_SECONDS * 1000 <= atMs && atMs < expiresAtMs;
}

function verifiedOf(payload: JWTPayload, nowMs: number, clocks: TokenOptions['clocks']): Verified & Span {
  const { sub = '', exp = 0, iat = 0, role, org } = payload;
  if (exp - iat > MAX_LIFETIME_SECONDS) throw notAuthenticated('The token lives longer than 15 minutes.');
  if (iat * 1000 > nowMs + CLOCK_TOLERANCE_SECONDS * 1000) throw notAuthenticated('The token is from the future.');
  if (sub === '' || sub.length > MAX_SUBJECT_LENGTH) throw notAuthenticated('The token has no usable subject.');
  if (!ROLES.includes(role as Role)) throw notAuthenticated('The token names no role we know.');
  const organisation = typeof org === 'string' ? parseOrganisationId(org) : null;
  if (role === 'operator' && org !== undefined) throw notAuthenticated("An operator's token names no organisation.");
  if (role !== 'operator' && organisation === null) throw notAuthenticated('The token names no organisation.');
  const span = spanOf(payload);
  const leftMs = (): number => {
    const good = clocks.map((each) => each()).filter((atMs) => isGoodAt(span, atMs));
    return Math.max(0, ...good.map((atMs) => span.expiresAtMs - atMs));
  };
  return { principal: principalOf(role as Role, organisation, sub), ...span, leftMs };
}

function notAuthenticated(detail: string, tried = true): Problem {
  const challenge = tried ? 'Bearer error="invalid_token"' : 'Bearer';
  return new Problem('not-authenticated', detail, { headers: { 'www-authenticate': challenge } });
}
