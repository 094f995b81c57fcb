/** Who is signed in, while answers come late or not at all. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';

class Channel {
  onmessage = null;
  postMessage(): void {
    // nobody else is there
  }
}
Object.assign(globalThis, { BroadcastChannel: Channel });

interface Asked {
  readonly path: string;
  readonly answer: (status: number, body?: object) => void;
}
/** not answered yet, oldest first */
let asked: Asked[] = [];
Object.assign(globalThis, {
  fetch: (path: string) =>
    new Promise<Response>((resolve) => {
      asked.push({ path, answer: (status, body = {}) => resolve(Response.json(body, { status })) });
    }),
});
const { dropToken, enter, leave, onSessionEnd, session } = await import('../../web/engine/session.ts');

const SESSION = { accessToken: 'x', expiresInSeconds: 900, role: 'donor', organisationId: 'a', name: 'A' };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The oldest question, once it is asked. */
async function next(path: string): Promise<Asked> {
  for (let n = 0; n < 100 && asked.length === 0; n++) await turn();
  const first = asked.shift();
  assert.equal(first?.path, path);
  return first;
}
async function answer(path: string, status: number, body: object = {}): Promise<void> {
  (await next(path)).answer(status, body);
}

beforeEach(() => {
  dropToken();
  asked = [];
});

describe('a session', () => {
  it('that was left while it was renewed is over', async () => {
    const renewing = session();
    await answer('/v1/auth/refresh', 200, SESSION);
    const me = await next('/v1/me');
    const leaving = leave('/v1/auth/sign-out');
    await answer('/v1/auth/sign-out', 200);
    await leaving;
    me.answer(200);
    await answer('/v1/auth/refresh', 401);
    assert.equal(await renewing, null);
    const again = session();
    await answer('/v1/auth/refresh', 401);
    assert.equal(await again, null);
  });

  it('keeps its photos and map when the server has no time to tell of them', async () => {
    const first = session();
    await answer('/v1/auth/refresh', 200, SESSION);
    await answer('/v1/me', 200, { photos: true, map: '/map', timeZone: 'Asia/Jakarta' });
    assert.equal((await first)?.member.photos, true);
    dropToken();
    const second = session();
    await answer('/v1/auth/refresh', 200, SESSION);
    await answer('/v1/me', 503);
    const member = (await second)?.member;
    assert.deepEqual([member?.photos, member?.map, member?.timeZone], [true, '/map', 'Asia/Jakarta']);
  });

  it('that has ended tells the page', async () => {
    let times = 0;
    onSessionEnd(() => times++);
    const renewing = session();
    await answer('/v1/auth/refresh', 401);
    assert.equal(await renewing, null);
    assert.equal(times, 1);
  });
});

it('a sign-in waits for the refresh under way, whose answer would take its cookie away', async () => {
  const renewing = session();
  const refresh = await next('/v1/auth/refresh');
  const entering = enter('/v1/auth/link', { token: 'x' });
  for (let n = 0; n < 5; n++) await turn();
  assert.deepEqual(asked, []);
  refresh.answer(401);
  assert.equal(await renewing, null);
  await answer('/v1/auth/link', 200, SESSION);
  await answer('/v1/me', 200);
  assert.equal(await entering, null);
  assert.equal((await session())?.member.owner, 'donor:a');
});
