/** The issuer's keys: fetched seldom, kept when the issuer is away, and never fetched in a flood. */
import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose';

/** An unknown key id makes us ask again, at most this often. */
const COOLDOWN_MS = 30_000;
const MAX_AGE_MS = 10 * 60_000;
const TIMEOUT_MS = 2_000;
/** After a failed fetch nobody asks for this long. */
const FAILED_PAUSE_MS = 2_000;
/** With the issuer away, keys seen before stay good for this long. */
const STALE_MS = 60 * 60_000;

export class IssuerUnavailable extends Error {
  override readonly name = 'IssuerUnavailable';
}

export interface JwksOptions {
  readonly cooldownMs?: number;
  readonly nowMs?: () => number;
  /** each time the issuer was really asked */
  readonly fetched?: (ok: boolean) => void;
}

/** @throws IssuerUnavailable (by the returned function) when no keys were ever had and the issuer is away */
export function createJwks(url: URL, options: JwksOptions = {}): JWTVerifyGetKey {
  return createRemoteJWKSet(url, {
    cooldownDuration: options.cooldownMs ?? COOLDOWN_MS,
    cacheMaxAge: MAX_AGE_MS,
    timeoutDuration: TIMEOUT_MS,
    [customFetch]: fetchKeeping(options.nowMs ?? (() => performance.now()), options.fetched ?? (() => undefined)),
  });
}

function fetchKeeping(
  nowMs: () => number,
  fetched: (ok: boolean) => void,
): (url: string, init: RequestInit) => Promise<Response> {
  let last: { readonly text: string; readonly atMs: number } | null = null;
  let pausedUntilMs = Number.NEGATIVE_INFINITY;
  const stale = (): Response => {
    if (last === null || nowMs() - last.atMs > STALE_MS)
      throw new IssuerUnavailable('the token issuer does not answer');
    return new Response(last.text, { status: 200 });
  };
  return async (url, init) => {
    if (nowMs() < pausedUntilMs) return stale();
    try {
      const response = await fetch(url, init);
      if (response.status !== 200) throw new Error(`status ${String(response.status)}`);
      const text = await response.text();
      if (!isKeySet(JSON.parse(text))) throw new Error('no key set');
      last = { text, atMs: nowMs() };
      fetched(true);
      return new Response(text, { status: 200 });
    } catch {
      pausedUntilMs = nowMs() + FAILED_PAUSE_MS;
      fetched(false);
      return stale();
    }
  };
}

/** RFC 7517. A page that says "maintenance" with status 200 is none. */
function isKeySet(value: unknown): boolean {
  const { keys } = (value ?? {}) as { keys?: unknown };
  return Array.isArray(keys) && keys.length > 0 && keys.every((key) => typeof key === 'object' && key !== null);
}
