/** Our own keys. The first signs; all are published, so that a new one can be known everywhere before it signs. */
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  importJWK,
  type CryptoKey,
  type JWK,
  type JWTVerifyGetKey,
} from 'jose';

export interface SigningKeys {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  /** what /.well-known/jwks.json says */
  readonly published: { readonly keys: readonly JWK[] };
  readonly verifyWith: JWTVerifyGetKey;
}

const MISSHAPEN = 'IDENTITY_KEYS must be JSON: {"keys":[…]} with private ES256 keys as JWK, the one that signs first';

/** @param text a private JWK Set @throws Error when it is none; its message holds nothing of it */
export async function readSigningKeys(text: string): Promise<SigningKeys> {
  const jwks = parse(text);
  const published = { keys: await Promise.all(jwks.map(publicOf)) };
  const [first] = jwks;
  const kid = published.keys[0]?.kid;
  if (first === undefined || kid === undefined) throw new Error(MISSHAPEN);
  // Imported each, so that a misspelt second key is found now and not when it is its turn.
  const [privateKey] = await Promise.all(jwks.map(imported));
  return {
    kid,
    privateKey: privateKey as CryptoKey,
    published,
    verifyWith: createLocalJWKSet({ keys: published.keys }),
  };
}

function parse(text: string): readonly JWK[] {
  try {
    const { keys } = JSON.parse(text) as { keys: JWK[] };
    if (Array.isArray(keys) && keys.every((key) => key.kty === 'EC' && key.crv === 'P-256' && key.d !== undefined)) {
      return keys;
    }
  } catch {
    // said below
  }
  throw new Error(MISSHAPEN);
}

async function imported(jwk: JWK): Promise<unknown> {
  return await importJWK(jwk, 'ES256').catch(() => {
    throw new Error(MISSHAPEN);
  });
}

async function publicOf({ kty, crv, x, y }: JWK): Promise<JWK> {
  const members = { kty, crv, x, y } as JWK;
  return { ...members, kid: await calculateJwkThumbprint(members), alg: 'ES256', use: 'sig' };
}
