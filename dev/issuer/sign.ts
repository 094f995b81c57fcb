import { SignJWT } from 'jose';
import type { Algorithm, IssuerKey } from './keys.ts';

/** What the API accepts at most. */
export const LIFETIME_SECONDS = 15 * 60;

export interface Ask {
  readonly role: string;
  /** null: an operator's */
  readonly org: string | null;
  readonly alg: Algorithm;
}

export interface IssuerOptions {
  readonly keys: readonly IssuerKey[];
  readonly issuer: string;
  readonly audience: string;
}

export async function signToken({ role, org, alg }: Ask, { keys, issuer, audience }: IssuerOptions): Promise<string> {
  const key = keys.find((each) => each.alg === alg);
  if (key === undefined) throw new Error(`no ${alg} key`);
  // Read once: a token signed as the second changes would live 901 s, and be refused.
  const iat = Math.floor(Date.now() / 1000);
  return await new SignJWT({ role, ...(org === null ? {} : { org }) })
    .setProtectedHeader({ alg, kid: key.kid, typ: 'at+jwt' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(org === null ? 'dev-operator' : `dev-${role}-${org}`)
    .setIssuedAt(iat)
    .setExpirationTime(iat + LIFETIME_SECONDS)
    .sign(key.privateKey);
}
