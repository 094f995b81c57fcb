import { SignJWT } from 'jose';
import { MAX_LIFETIME_SECONDS, TOKEN_TYPE } from '../auth/tokens.ts';
import type { Member } from './member.ts';
import type { SigningKeys } from './signingKeys.ts';

export interface AccessTokenOptions {
  readonly keys: Pick<SigningKeys, 'kid' | 'privateKey'>;
  readonly issuer: string;
  readonly audience: string;
  readonly nowMs: () => number;
}

export interface AccessToken {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
}

/** Tokens as auth/tokens.ts takes them, of whoever issued them. */
export function createAccessTokens(options: AccessTokenOptions): (member: Member) => Promise<AccessToken> {
  const { keys, issuer, audience, nowMs } = options;
  return async ({ role, subject }) => {
    const iat = Math.floor(nowMs() / 1000);
    const accessToken = await new SignJWT({ role, ...(role === 'operator' ? {} : { org: subject }) })
      .setProtectedHeader({ alg: 'ES256', kid: keys.kid, typ: TOKEN_TYPE })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(subject)
      .setIssuedAt(iat)
      .setExpirationTime(iat + MAX_LIFETIME_SECONDS)
      .sign(keys.privateKey);
    return { accessToken, expiresInSeconds: MAX_LIFETIME_SECONDS };
  };
}
