import { SignJWT } from 'jose';
import { loadKeys } from '../dev/issuer/keys.ts';

const LIFETIME_SECONDS = 15 * 60;

/** Tokens as the development issuer gives them, signed here with its key: by organisation. */
export async function sign(
  role: 'donor' | 'recipient',
  ids: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Map<string, string>> {
  const key = (await loadKeys(env['ISSUER_DIR'] ?? '')).find(({ alg }) => alg === 'ES256');
  if (key === undefined) throw new Error('the issuer has no ES256 key');
  const tokens = new Map<string, string>();
  for (const id of ids) {
    const token = await new SignJWT({ role, org: id })
      .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt' })
      .setIssuer(env['JWT_ISSUER_URL'] ?? '')
      .setAudience(env['JWT_AUDIENCE'] ?? '')
      .setSubject(`dev-${role}-${id}`)
      .setIssuedAt()
      .setExpirationTime(`${String(LIFETIME_SECONDS)} s`)
      .sign(key.privateKey);
    tokens.set(id, token);
  }
  return tokens;
}
