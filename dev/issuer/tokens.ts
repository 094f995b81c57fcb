/** Tokens of the development issuer, for programs that speak as many people. */

export type Role = 'donor' | 'recipient' | 'operator';

export interface Tokens {
  /** @param org empty for an operator. @throws Error when the issuer gives none within 5 s */
  of(role: Role, org: string): Promise<string>;
  /** The next one is asked for anew. */
  forget(role: Role, org: string): void;
}

const ASK_TIMEOUT_MS = 5_000;
/** The issuer gives 15 minutes. */
const KEPT_MS = 10 * 60_000;

/** Each token is kept while it is good; a failure is not kept. */
export function keepTokens(issuerUrl: string): Tokens {
  const kept = new Map<string, { readonly token: string; readonly untilMs: number }>();
  return {
    async of(role, org) {
      const known = kept.get(`${role}/${org}`);
      if (known !== undefined && known.untilMs > performance.now()) return known.token;
      const token = await askToken(issuerUrl, role, org);
      kept.set(`${role}/${org}`, { token, untilMs: performance.now() + KEPT_MS });
      return token;
    },
    forget: (role, org) => void kept.delete(`${role}/${org}`),
  };
}

/** @param org empty for an operator. @throws Error when the issuer gives none within 5 s */
export async function askToken(issuerUrl: string, role: Role, org: string): Promise<string> {
  const response = await fetch(`${issuerUrl}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(org === '' ? { role } : { role, org }),
    signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
  });
  const { token } = (await response.json()) as { token?: string };
  if (token === undefined) throw new Error(`no token for ${role} ${org}`);
  return token;
}
