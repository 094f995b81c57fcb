/** Signing in with us rather than with an issuer elsewhere: everything its routes need, made of the configuration. */
import type { Pool } from '#adapters/postgres/pool.ts';
import { createAccessTokens, type AccessToken } from './accessTokens.ts';
import { createChallenges } from './challenges.ts';
import { createRefreshCookie, type RefreshCookie } from './cookie.ts';
import type { Member } from './member.ts';
import { createPasskeys, type Passkeys } from './passkeys.ts';
import { publicAddressOf, type PublicAddress } from './publicUrl.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { readSigningKeys, type SigningKeys } from './signingKeys.ts';

export interface Identity {
  readonly address: PublicAddress;
  readonly keys: SigningKeys;
  readonly accessTokenFor: (member: Member) => Promise<AccessToken>;
  readonly cookie: RefreshCookie;
  readonly sessions: Sessions;
  readonly passkeys: Passkeys;
}

export interface IdentityOptions {
  readonly pool: Pool;
  readonly publicUrl: string;
  /** a private JWK Set */
  readonly keys: string;
  readonly audience: string;
  /** at least 32 bytes, the same in all processes */
  readonly secret: string;
  readonly nowMs: () => number;
  readonly newId: () => string;
}

/** @throws Error when the address or the keys can't be used */
export async function createIdentity(given: IdentityOptions): Promise<Identity> {
  const { pool, secret, nowMs, audience, newId } = given;
  const address = publicAddressOf(given.publicUrl);
  const keys = await readSigningKeys(given.keys);
  const sessions = createSessions(pool, secret);
  const challenges = createChallenges(secret, nowMs);
  return {
    address,
    keys,
    sessions,
    accessTokenFor: createAccessTokens({ keys, issuer: address.origin, audience, nowMs }),
    cookie: createRefreshCookie(address.isSecure),
    passkeys: createPasskeys({ pool, address, challenges, sessions, newId }),
  };
}
