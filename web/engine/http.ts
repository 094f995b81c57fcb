/** One request and its answer, problems (RFC 9457) read. */
import { heardServerTime } from './serverClock.ts';

export interface Answer<Body = unknown> {
  readonly status: number;
  readonly ok: boolean;
  /** of a good answer */
  readonly body: Body;
  /** of a problem: the last part of its type, e.g. `offer-lapsed`; else `http-<status>` */
  readonly code: string;
  readonly detail: string;
  readonly retryAfterMs: number | null;
}

/** The server's own word that there is no such thing: neither a page of something in between, nor no answer. */
export class NotThere extends Error {}

/** Slow networks are answered within this, or it is asked again. */
const TIMEOUT_MS = 20_000;
/** What a photo gets besides: 32 kbit/s, the slowest uplink that anybody posts by. */
const SLOWEST_BYTES_PER_MS = 4;
/** A little less than the server waits for it. */
const LONGEST_TIMEOUT_MS = 280_000;

/** @param body as of RequestInit; all but photos is small */
export function timeoutMsOf(body: unknown): number {
  const bytes = body instanceof Blob ? body.size : 0;
  return Math.min(LONGEST_TIMEOUT_MS, TIMEOUT_MS + bytes / SLOWEST_BYTES_PER_MS);
}

/** @throws TypeError or DOMException when there is no answer */
export async function request(method: string, path: string, given: RequestInit = {}): Promise<Answer> {
  const signal = AbortSignal.timeout(timeoutMsOf(given.body));
  const askedAtMs = performance.now();
  const response = await fetch(path, { method, signal, cache: 'no-store', ...given });
  heardServerTime(response.headers.get('date'), performance.now() - askedAtMs);
  const text = await response.text();
  const body = readJson(text);
  const problem = response.ok ? {} : ((body ?? {}) as { type?: unknown; detail?: unknown });
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return {
    status: response.status,
    ok: response.ok,
    body,
    code: typeof problem.type === 'string' ? (problem.type.split('/').at(-1) ?? '') : `http-${String(response.status)}`,
    detail: typeof problem.detail === 'string' ? problem.detail : '',
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : null,
  };
}

export function jsonBody(body: unknown): RequestInit {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** A proxy's error page is no JSON. */
function readJson(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
