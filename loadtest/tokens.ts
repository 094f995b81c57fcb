import { loadKeys } from '../dev/issuer/keys.ts';
import { signToken } from '../dev/issuer/sign.ts';

/** Tokens as the development issuer gives them, signed here with its key: by organisation. */
export async function sign(
  role: 'donor' | 'recipient',
  ids: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Map<string, string>> {
  const options = {
    keys: await loadKeys(env['ISSUER_DIR'] ?? ''),
    issuer: env['JWT_ISSUER_URL'] ?? '',
    audience: env['JWT_AUDIENCE'] ?? '',
  };
  const tokens = new Map<string, string>();
  for (const id of ids) tokens.set(id, await signToken({ role, org: id, alg: 'ES256' }, options));
  return tokens;
}
