/** Asking the API in the member's name. */
import { NotThere, request, type Answer } from './http.ts';
import { dropToken, session } from './session.ts';
export type { Answer } from './http.ts';

export interface Asked {
  /** JSON, or a Blob as it is; null or left out: none */
  readonly body?: unknown;
  /** the Idempotency-Key */
  readonly key?: string;
  /** the version that is changed */
  readonly ifVersion?: number;
  /** ask only in this one's name */
  readonly owner?: string;
}

const NOBODY: Answer = {
  status: 401,
  ok: false,
  body: null,
  code: 'not-authenticated',
  detail: '',
  retryAfterMs: null,
};

/** A token that was refused is renewed once. @throws when there is no answer */
export async function authorized<Body>(method: string, path: string, asked: Asked = {}): Promise<Answer<Body>> {
  const first = await askOnce(method, path, asked);
  if (first.status !== 401) return first as Answer<Body>;
  dropToken();
  return (await askOnce(method, path, asked)) as Answer<Body>;
}

async function askOnce(method: string, path: string, { body = null, key, ifVersion, owner }: Asked): Promise<Answer> {
  const held = await session();
  if (held === null || (owner !== undefined && held.member.owner !== owner)) return NOBODY;
  const headers = {
    authorization: `Bearer ${held.accessToken}`,
    ...(body === null ? {} : { 'content-type': body instanceof Blob ? body.type : 'application/json' }),
    ...(key === undefined ? {} : { 'idempotency-key': key }),
    ...(ifVersion === undefined ? {} : { 'if-match': `"${String(ifVersion)}"` }),
  };
  if (body === null) return await request(method, path, { headers });
  return await request(method, path, { headers, body: body instanceof Blob ? body : JSON.stringify(body) });
}

/** A picture, or null when there is none. @throws when there is no answer */
export async function readPicture(path: string): Promise<Blob | null> {
  const held = await session();
  if (held === null) return null;
  // Unlike answers it may come from the browser's cache: a picture does not change.
  const response = await fetch(path, { headers: { authorization: `Bearer ${held.accessToken}` } });
  return response.ok ? await response.blob() : null;
}

/** @throws NotThere · Error when there is no answer, or no good one */
export async function read<Body>(path: string): Promise<Body> {
  const answer = await authorized<Body>('GET', path);
  if (answer.code === 'not-found') throw new NotThere(path);
  if (!answer.ok) throw new Error(answer.code);
  return answer.body;
}
