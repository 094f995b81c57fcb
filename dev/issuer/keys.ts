import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose';

export type Algorithm = 'RS256' | 'ES256';

export interface IssuerKey {
  readonly alg: Algorithm;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  /** as the JWKS shows it */
  readonly publicJwk: JWK;
}

const ALGORITHMS: readonly Algorithm[] = ['ES256', 'RS256'];

/** One key per algorithm, made once and kept in `dir`, readable by its owner alone. */
export async function loadKeys(dir: string): Promise<readonly IssuerKey[]> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  return await Promise.all(
    ALGORITHMS.map(async (alg) => await keyOf(alg, await loadJwk(alg, join(dir, `${alg}.json`)))),
  );
}

async function loadJwk(alg: Algorithm, path: string): Promise<JWK> {
  try {
    const jwk = JSON.parse(await readFile(path, 'utf8')) as JWK;
    await chmod(path, 0o600);
    return jwk;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 });
  const jwk = await exportJWK(privateKey);
  // Written aside, then moved: a kill between leaves no half key.
  await writeFile(`${path}.new`, JSON.stringify(jwk), { mode: 0o600 });
  await rename(`${path}.new`, path);
  return jwk;
}

const PRIVATE_MEMBERS = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']);

async function keyOf(alg: Algorithm, jwk: JWK): Promise<IssuerKey> {
  const kid = await calculateJwkThumbprint(jwk);
  const members = Object.fromEntries(Object.entries(jwk).filter(([name]) => !PRIVATE_MEMBERS.has(name)));
  const privateKey = (await importJWK(jwk, alg)) as CryptoKey;
  return { alg, kid, privateKey, publicJwk: { ...members, kid, alg, use: 'sig' } };
}
