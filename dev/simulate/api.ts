import { setTimeout as pause } from 'node:timers/promises';
import { keepTokens } from '../issuer/tokens.ts';

export interface Who {
  readonly role: 'donor' | 'recipient' | 'operator';
  /** empty: an operator */
  readonly org: string;
}

export interface ApiAnswer<Body = unknown> {
  readonly status: number;
  readonly body: Body;
  /** `offer-lapsed` and the like; empty: no problem */
  readonly problem: string;
  /** from the first try to the last answer */
  readonly tookMs: number;
}

export interface Ask {
  readonly body?: unknown;
  /** Idempotency-Key: the same for all tries */
  readonly key?: string;
  /** how long to keep trying; default 3 minutes */
  readonly deadlineMs?: number;
}

export interface Api {
  /** Tries again through network errors, 5xx, rate limits and restarts, with the same key. @throws NoAnswer after the deadline */
  call<Body = Record<string, unknown>>(who: Who, method: string, path: string, ask?: Ask): Promise<ApiAnswer<Body>>;
  /** tries beyond the first, for the board */
  retries(): number;
}

export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

const TRY_TIMEOUT_MS = 10_000;
const DEADLINE_MS = 180_000;
const FIRST_WAIT_MS = 100;
const MAX_WAIT_MS = 3_000;

export const OPERATOR: Who = { role: 'operator', org: '' };

export function createApi(urls: { readonly apiUrl: string; readonly issuerUrl: string }): Api {
  const tokens = keepTokens(urls.issuerUrl);
  let retries = 0;

  const tryOnce = async (who: Who, method: string, path: string, ask: Ask): Promise<Response> =>
    fetch(urls.apiUrl + path, {
      method,
      headers: {
        authorization: `Bearer ${await tokens.of(who.role, who.org)}`,
        ...(ask.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(ask.key === undefined ? {} : { 'idempotency-key': ask.key }),
      },
      ...(ask.body === undefined ? {} : { body: JSON.stringify(ask.body) }),
      signal: AbortSignal.timeout(TRY_TIMEOUT_MS),
    });
  return {
    retries: () => retries,
    call: async <Body>(who: Who, method: string, path: string, ask: Ask = {}): Promise<ApiAnswer<Body>> => {
      const startMs = performance.now();
      const deadlineMs = startMs + (ask.deadlineMs ?? DEADLINE_MS);
      for (let tried = 0; ; tried++) {
        let because: string;
        let waitMs = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** tried) * (0.75 + Math.random() / 2);
        try {
          const response = await tryOnce(who, method, path, ask);
          const body = (await response.json().catch(() => ({}))) as Body;
          const problem = problemOf(body);
          const again = askAgain(response, problem);
          if (again === null) return { status: response.status, body, problem, tookMs: performance.now() - startMs };
          if (response.status === 401) tokens.forget(who.role, who.org);
          waitMs = Math.max(waitMs, again);
          because = `${String(response.status)} ${problem}`;
        } catch (error) {
          because = error instanceof Error ? error.message : String(error);
        }
        if (performance.now() + waitMs > deadlineMs) throw new NoAnswer(`${method} ${path}: ${because}`);
        retries++;
        await pause(waitMs);
      }
    },
  };
}

/** null: this answer is final; else wait at least so many ms. */
function askAgain(response: Response, problem: string): number | null {
  const { status } = response;
  if (status < 500 && status !== 429 && status !== 408 && status !== 401 && problem !== 'in-flight') return null;
  const seconds = Number(response.headers.get('retry-after'));
  return Number.isFinite(seconds) ? seconds * 1000 : 0;
}

/** The last part of a problem's type. */
function problemOf(body: unknown): string {
  const type = typeof body === 'object' && body !== null && 'type' in body ? body.type : '';
  return typeof type === 'string' ? (type.split('/').at(-1) ?? '').replace(/\.(html|md)$/, '') : '';
}

/** All pages of a list. */
export async function listAll<Item>(api: Api, path: string): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor: string | null = null; ;) {
    const query: string = cursor === null ? '?limit=100' : `?limit=100&cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await api.call<{ items?: Item[]; nextCursor?: string | null }>(
      OPERATOR,
      'GET',
      path + query,
    );
    if (status !== 200 || body.items === undefined)
      throw new Error(`GET ${path}: ${String(status)} ${JSON.stringify(body)}`);
    items.push(...body.items);
    cursor = body.nextCursor ?? null;
    if (cursor === null) return items;
  }
}
