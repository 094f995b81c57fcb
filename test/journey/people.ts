/** Donors, recipients and operators of a running stack, as they would use it: over HTTP, with tokens of their own. */
import { randomUUID } from 'node:crypto';
import { askToken } from '../../dev/issuer/tokens.ts';
import { setTimeout as pause } from 'node:timers/promises';

export interface Where {
  readonly apiUrl: string;
  readonly issuerUrl: string;
}

export interface OfferSeen {
  readonly id: string;
  readonly state: string;
  readonly recipientId: string;
  readonly quantityGrams: number;
  readonly deadline: string;
  readonly fallback: boolean;
  readonly travelSource: string;
  readonly reasons: readonly { readonly code: string; readonly text: string }[];
}

export interface SurplusSeen {
  readonly id: string;
  readonly state: string;
  readonly version: number;
  readonly parentId: string | null;
  readonly quantityGrams: number;
  readonly tries: number;
  readonly deadLettered: boolean;
  readonly offer: OfferSeen | null;
  readonly lots: readonly SurplusSeen[];
  readonly history?: readonly { readonly to: string; readonly reason: string }[];
}

export interface Answered<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly status: number;
}

export interface Person {
  get<Body>(path: string): Promise<Answered<Body>>;
  post<Body>(path: string, body: unknown, key?: string, headers?: Record<string, string>): Promise<Answered<Body>>;
  remove<Body>(path: string, headers?: Record<string, string>): Promise<Answered<Body>>;
  patch<Body>(path: string, body: unknown, headers?: Record<string, string>): Promise<Answered<Body>>;
}

export async function signIn(where: Where, role: 'donor' | 'recipient' | 'operator', org?: string): Promise<Person> {
  const token = await askToken(where.issuerUrl, role, org ?? '');
  const ask = async <Body>(method: string, path: string, body?: unknown, more: Record<string, string> = {}) => {
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    const answer = await fetch(`${where.apiUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...json, ...more },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: (text === '' ? null : JSON.parse(text)) as Body };
  };
  return {
    get: (path) => ask('GET', path),
    post: (path, body, key = randomUUID(), headers = {}) =>
      ask('POST', path, body, { 'idempotency-key': key, ...headers }),
    remove: (path, headers) => ask('DELETE', path, undefined, headers),
    patch: (path, body, headers) => ask('PATCH', path, body, headers),
  };
}

/** What a donor types in; good for three hours. */
export function breadOf(change: Record<string, unknown> = {}): Record<string, unknown> {
  const safeUntil = new Date(Date.now() + 3 * 3_600_000).toISOString();
  return { category: 'bakery', quantityGrams: 6_000, storage: 'ambient', safeUntil, ...change };
}

export type Offered = SurplusSeen & { readonly offer: OfferSeen };

/** Posts bread that somebody is offered at once. */
export async function offered(donor: Person, change: Record<string, unknown> = {}): Promise<Offered> {
  const { body } = await donor.post<SurplusSeen>('/v1/surplus', breadOf(change));
  const { offer } = body;
  if (offer === null) throw new Error(`${body.id} is ${body.state} without an offer`);
  return { ...body, offer };
}

/** How often a lot went through a step, by its history. */
export async function timesIn(operator: Person, lotId: string, reason: string): Promise<number> {
  const { body } = await operator.get<SurplusSeen>(`/v1/surplus/${lotId}`);
  return body.history?.filter((step) => step.reason === reason).length ?? 0;
}

/** Asks until `isSo`, or fails with what was seen last. */
export async function until<Seen>(
  what: string,
  look: () => Promise<Seen>,
  isSo: (seen: Seen) => boolean,
  deadlineMs = 20_000,
): Promise<Seen> {
  const endMs = performance.now() + deadlineMs;
  for (;;) {
    const seen = await look();
    if (isSo(seen)) return seen;
    if (performance.now() > endMs)
      throw new Error(`not within ${String(deadlineMs)} ms: ${what}; last ${JSON.stringify(seen)}`);
    await pause(100);
  }
}
