/** What is tapped on a phone that can keep nothing: it is sent from memory. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';

/** What the browser would give; fails when it is listened to. */
class Request extends EventTarget {
  readonly error = new Error('the disk is full');
}
const failing = (): Request => {
  const request = new Request();
  queueMicrotask(() => request.dispatchEvent(new Event('error')));
  return request;
};
class Channel {
  onmessage = null;
  postMessage(): void {
    // nobody else is there
  }
}
Object.assign(globalThis, { indexedDB: { open: failing }, IDBRequest: Request, BroadcastChannel: Channel });

const SESSION = { accessToken: 'x', expiresInSeconds: 900, role: 'donor', organisationId: 'a', name: 'A' };
interface Sent {
  readonly key: string | null;
  readonly body: unknown;
}
let sent: Sent[] = [];
/** each in its turn: an answer's status, or none */
let answers: (number | null)[] = [];

Object.assign(globalThis, {
  fetch: (path: string, { headers, body }: RequestInit): Promise<Response> => {
    if (path === '/v1/auth/refresh') return Promise.resolve(Response.json(SESSION));
    if (path === '/v1/me') return Promise.resolve(Response.json({}));
    sent.push({ key: new Headers(headers).get('idempotency-key'), body: JSON.parse(body as string) });
    const status = answers.shift() ?? null;
    if (status === null) return Promise.reject(new TypeError('no answer'));
    const problem = { type: '/docs/errors/capacity' };
    return Promise.resolve(Response.json(status < 300 ? {} : problem, { status }));
  },
});
const { enqueue } = await import('../../web/engine/outbox.ts');

const ACCEPT = { owner: 'donor:a', kind: 'accept', subject: 'offer-1', method: 'POST', path: '/v1/x' } as const;
const accept = (grams: number, subject = 'offer-1') => enqueue({ ...ACCEPT, subject, body: { grams } });
const keysOf = (): number => new Set(sent.map(({ key }) => key)).size;

describe('what is done again because no answer came', () => {
  beforeEach(() => {
    sent = [];
  });

  it('is the same command: the first may have had its effect', async () => {
    answers = [null, 503, 200];
    for (let n = 0; n < 3; n++) await accept(1, 'same');
    assert.equal(sent.length, 3);
    assert.equal(keysOf(), 1);
    answers = [200];
    await accept(1, 'same');
    assert.equal(keysOf(), 2, 'what was answered is over');
  });

  it('is another one when something else is said, or was in between', async () => {
    answers = [null, null, null];
    await accept(1);
    await accept(2);
    await accept(1);
    assert.equal(keysOf(), 3);
  });

  it('is another one after a no', async () => {
    answers = [409, 200];
    await accept(1, 'refused');
    await accept(1, 'refused');
    assert.equal(keysOf(), 2);
  });
});
