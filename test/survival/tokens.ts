import type { Stack } from '../../dev/stack/stack.ts';

export type TokenOf = (role: 'donor' | 'recipient' | 'operator', organisation: string) => Promise<string>;

/** The issuer gives 15 minutes. */
const TOKEN_MS = 10 * 60_000;

/** The development issuer's tokens, each kept while it is good. */
export function tokensOf(stack: Stack): TokenOf {
  const tokens = new Map<string, { readonly token: Promise<string>; readonly untilMs: number }>();
  const ask = async (role: string, organisation: string): Promise<string> => {
    const response = await fetch(`${stack.env['JWT_ISSUER_URL'] ?? ''}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(organisation === '' ? { role } : { role, org: organisation }),
    });
    return ((await response.json()) as { token: string }).token;
  };
  return (role, organisation) => {
    const known = tokens.get(`${role}/${organisation}`);
    if (known !== undefined && known.untilMs > performance.now()) return known.token;
    const token = ask(role, organisation);
    tokens.set(`${role}/${organisation}`, { token, untilMs: performance.now() + TOKEN_MS });
    return token;
  };
}
