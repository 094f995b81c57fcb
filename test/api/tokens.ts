import type { webcrypto } from 'node:crypto';
/** An issuer for tests: its JWKS is really served, on a port of its own, and counts how often it is asked. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type JWTHeaderParameters } from 'jose';

export interface TestIssuer {
  readonly url: string;
  readonly jwksUrl: URL;
  fetches(): number;
  /** @param org null for an operator */
  token(role: string, org: string | null, change?: TokenChange): Promise<string>;
  stop(): Promise<void>;
}

export interface TokenChange {
  readonly header?: Partial<JWTHeaderParameters>;
  readonly claims?: Record<string, unknown>;
  readonly issuedAtSeconds?: number;
  readonly lifetimeSeconds?: number;
  readonly key?: webcrypto.CryptoKey | Uint8Array;
}

export const AUDIENCE = 'pahlawan-pangan';

export async function startIssuer(): Promise<TestIssuer> {
  const rsa = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true });
  const ec = await generateKeyPair('ES256', { extractable: true });
  const keys = [
    { ...(await exportJWK(rsa.publicKey)), kid: 'rsa', alg: 'RS256', use: 'sig' },
    { ...(await exportJWK(ec.publicKey)), kid: 'ec', alg: 'ES256', use: 'sig' },
  ];
  let fetches = 0;
  const server = createServer((_, response) => {
    fetches++;
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;

  async function token(role: string, org: string | null, change: TokenChange = {}): Promise<string> {
    const iat = change.issuedAtSeconds ?? Math.floor(Date.now() / 1000);
    const header = { alg: 'ES256', kid: 'ec', typ: 'at+jwt', ...change.header };
    const key = change.key ?? (header.alg === 'RS256' ? rsa.privateKey : ec.privateKey);
    const claims = {
      iss: url,
      aud: AUDIENCE,
      sub: `${role}-person`,
      iat,
      exp: iat + (change.lifetimeSeconds ?? 600),
      role,
    };
    return await new SignJWT({ ...claims, ...(org === null ? {} : { org }), ...change.claims })
      .setProtectedHeader(header)
      .sign(key);
  }

  return {
    url,
    jwksUrl: new URL(`${url}/.well-known/jwks.json`),
    fetches: () => fetches,
    token,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
