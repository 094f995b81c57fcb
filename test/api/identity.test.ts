/** Signing in by a link, staying so by the cookie, and out again. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { pino } from 'pino';
import { readEnv } from '#adapters/config/env.ts';
import { createApi } from '../../services/api/app.ts';
import { compose } from '../../services/api/compose.ts';
import { ApiEnv } from '../../services/api/config.ts';
import { createApiMetrics } from '../../services/api/metrics.ts';
import type { Api } from '../../services/api/requests.ts';
import { bearer, enter, openBrowser, tokenOf, type Browser } from './browser.ts';
import { AUDIENCE } from './tokens.ts';
import {
  food,
  newKey,
  PUBLIC_URL,
  registerDonor,
  registerRecipient,
  startWorld,
  type Reply,
  type World,
} from './world.ts';

const FIRST_OPERATOR = join(import.meta.dirname, '../../services/api/firstOperator.ts');
let world: World;
before(async () => {
  world = await startWorld();
  await registerDonor(world, 'kitchen');
  await registerRecipient(world, 'shelter');
  await registerRecipient(world, 'fridge');
});
after(() => world.stop());

const kitchen = { role: 'donor', organisationId: 'kitchen' };
const shelter = { role: 'recipient', organisationId: 'shelter' };
const invite = async (body: object): Promise<Reply> =>
  await world.ask('POST', '/v1/auth/links', { as: 'operator', body });
const problemOf = (reply: Reply): [number, string] => [
  reply.status,
  String(reply.body.type).replace('/docs/errors/', ''),
];
const me = async (session: Reply): Promise<Reply> => await world.ask('GET', '/v1/me', { headers: bearer(session) });
/** Makes the last rotation of a browser's session so long ago. */
async function rotatedAgo(browser: Browser, seconds: number): Promise<void> {
  const id = (browser.cookie().split('=')[1] ?? '').split('.')[0];
  const changed = await world.pool.query(
    `update session set rotated_at = clock_timestamp() - $2 * interval '1 second' where session_id = $1`,
    [id, seconds],
  );
  assert.equal(changed.rowCount, 1);
}

describe('a link', () => {
  it('signs in its organisation, once, whatever is tried at once', async () => {
    const link = await invite(kitchen);
    assert.equal(link.status, 201);
    assert.ok(String(link.body.url).startsWith(`${PUBLIC_URL}/#/enter/`));
    const days = (Date.parse(link.body.expiresAt) - Date.now()) / 86_400_000;
    assert.ok(days > 2.9 && days <= 3);
    const token = tokenOf(link.body.url);
    const tried = await Promise.all(
      [world.ask, world.askSecond, world.ask, world.askSecond].map((ask) => openBrowser(ask).post('link', { token })),
    );
    const good = tried.filter((each) => each.status === 200);
    assert.equal(good.length, 1);
    for (const each of tried.filter((one) => one.status !== 200)) assert.deepEqual(problemOf(each), [401, 'link-used']);
    assert.ok(good[0]);
    const { accessToken, ...rest } = good[0].body;
    assert.deepEqual(rest, {
      expiresInSeconds: 900,
      role: 'donor',
      organisationId: 'kitchen',
      name: 'Kitchen kitchen',
    });
    assert.equal(typeof accessToken, 'string');
  });

  it('whose answer was lost is asked again as the same attempt, by nobody else, until its session is used', async () => {
    const token = tokenOf((await invite(shelter)).body.url);
    const attemptId = crypto.randomUUID();
    const browsers = [world.ask, world.askSecond, world.ask].map((ask) => openBrowser(ask));
    const tried = await Promise.all(browsers.map((browser) => browser.post('link', { token, attemptId })));
    assert.deepEqual(
      tried.map(({ status }) => status),
      [200, 200, 200],
    );
    assert.equal(new Set(browsers.map((browser) => browser.cookie())).size, 1);
    for (const other of [{ token }, { token, attemptId: crypto.randomUUID() }]) {
      assert.deepEqual(problemOf(await openBrowser(world.ask).post('link', other)), [401, 'link-used']);
    }
    assert.equal((await openBrowser(world.ask).post('link', { token, attemptId: 'x' })).status, 400);
    assert.equal((await browsers[0]?.post('refresh'))?.status, 200);
    assert.deepEqual(problemOf(await openBrowser(world.ask).post('link', { token, attemptId })), [401, 'link-used']);
  });

  it('says when it is too old, and nothing of one that never was', async () => {
    const token = tokenOf((await invite(kitchen)).body.url);
    await world.pool.query(`update sign_in_link set expires_at = now() - interval '1 second' where token_hash = $1`, [
      createHash('sha256').update(token).digest(),
    ]);
    assert.deepEqual(problemOf(await openBrowser(world.ask).post('link', { token })), [401, 'link-expired']);
    const unknown = 'A'.repeat(43);
    const reply = await openBrowser(world.ask).post('link', { token: unknown });
    assert.deepEqual(problemOf(reply), [401, 'not-authenticated']);
    assert.equal(reply.headers['set-cookie'], undefined);
  });

  it('is kept as a digest, and who handed it out is in the audit log', async () => {
    const token = tokenOf((await invite(shelter)).body.url);
    const { rows } = await world.pool.query<{ text: string }>(
      'select l::text as text from sign_in_link l union all select a::text from audit_log a union all select c::text from command c',
    );
    assert.ok(rows.length > 0);
    assert.equal(
      rows.some((row) => row.text.includes(token)),
      false,
    );
    const audit = await world.pool.query(
      `select actor_role, actor_organisation, subject from audit_log where action = 'link.issue' order by at desc limit 1`,
    );
    assert.deepEqual(audit.rows, [
      { actor_role: 'operator', actor_organisation: 'operator-person', subject: 'recipient:shelter' },
    ]);
  });

  it('is only for who is there, and says what is missing', async () => {
    assert.deepEqual(problemOf(await invite({ role: 'donor', organisationId: 'nobody' })), [404, 'not-found']);
    assert.deepEqual(problemOf(await invite({ role: 'donor', organisationId: 'shelter' })), [404, 'not-found']);
    for (const body of [
      { role: 'donor' },
      { role: 'operator', organisationId: 'kitchen' },
      { role: 'donor', organisationId: 'kitchen', operator: 'siti' },
      { role: 'admin', organisationId: 'kitchen' },
    ]) {
      assert.equal((await invite(body)).status, 400, JSON.stringify(body));
    }
    const asDonor = await world.ask('POST', '/v1/auth/links', { as: 'donor:kitchen', body: kitchen });
    assert.deepEqual(problemOf(asDonor), [403, 'role-not-allowed']);
  });

  it('invites operators by name, and the first one from the console', async () => {
    const { session } = await enter(world, { role: 'operator', operator: 'siti' });
    assert.deepEqual((await me(session)).body, {
      role: 'operator',
      organisationId: null,
      name: 'siti',
      timeZone: null,
      photos: false,
      map: null,
    });
    const run = promisify(execFile);
    const { DATABASE_URL } = world.env;
    const { stdout } = await run(process.execPath, [FIRST_OPERATOR], {
      env: { PATH: process.env['PATH'], DATABASE_URL, PUBLIC_URL, OPERATOR: 'budi' },
    });
    assert.match(stdout, /^http:\/\/localhost:8080\/#\/enter\/[\w-]{43}\n$/);
    const browser = openBrowser(world.ask);
    const first = await browser.post('link', { token: tokenOf(stdout.trim()) });
    assert.equal(first.body.name, 'budi');
    const invited = await world.ask('POST', '/v1/auth/links', { headers: bearer(first), body: kitchen });
    assert.equal(invited.status, 201);
    const audit = await world.pool.query(
      `select actor_role, actor_organisation, subject from audit_log where action = 'link.issue' order by at desc limit 2`,
    );
    assert.deepEqual(audit.rows, [
      { actor_role: 'operator', actor_organisation: 'budi', subject: 'donor:kitchen' },
      { actor_role: 'deployment', actor_organisation: 'firstOperator', subject: 'operator:budi' },
    ]);
    await assert.rejects(
      run(process.execPath, [FIRST_OPERATOR], {
        env: { PATH: process.env['PATH'], DATABASE_URL, PUBLIC_URL: 'http://food.example' },
      }),
      /must be https/,
    );
  });
});

describe('our tokens', () => {
  it("are verified by what we publish, and count beside the other issuer's", async () => {
    const { session } = await enter(world, shelter);
    const jwks = await world.ask('GET', '/.well-known/jwks.json');
    assert.equal(jwks.body.keys.length, 1);
    assert.equal('d' in jwks.body.keys[0], false);
    const { payload } = await jwtVerify(session.body.accessToken, createLocalJWKSet(jwks.body), {
      issuer: PUBLIC_URL,
      audience: AUDIENCE,
      typ: 'at+jwt',
    });
    assert.deepEqual([payload.sub, payload['role'], payload['org']], ['shelter', 'recipient', 'shelter']);
    assert.equal(Number(payload.exp) - Number(payload.iat), 900);
    const expected = {
      role: 'recipient',
      organisationId: 'shelter',
      name: 'Shelter shelter',
      timeZone: 'Europe/Helsinki',
      photos: false,
      map: null,
    };
    assert.deepEqual((await me(session)).body, expected);
    assert.deepEqual((await world.ask('GET', '/v1/me', { as: 'recipient:shelter' })).body, expected);
  });

  it('of one issuer are not of the other', async () => {
    const { session } = await enter(world, shelter);
    const { kid } = decodeProtectedHeader(session.body.accessToken);
    const inOurName = await world.issuer.token('operator', null, { claims: { iss: PUBLIC_URL } });
    const underOurKey = await world.issuer.token('operator', null, {
      claims: { iss: PUBLIC_URL },
      header: { kid: String(kid) },
    });
    for (const token of [inOurName, underOurKey]) {
      const reply = await world.ask('GET', '/v1/me', { headers: { authorization: `Bearer ${token}` } });
      assert.deepEqual(problemOf(reply), [401, 'not-authenticated']);
    }
  });
});

describe('who is an issuer', () => {
  const as = async (app: Api, token: string): Promise<number> =>
    (await app.inject({ url: '/v1/me', headers: { authorization: `Bearer ${token}` } })).statusCode;

  it('another alone: there are no sign-in routes, and its tokens count', async () => {
    const { app } = await createApi({ ...world.given, metrics: createApiMetrics(), identity: null });
    for (const url of ['/v1/auth/refresh', '/v1/auth/link', '/v1/auth/links']) {
      assert.equal((await app.inject({ method: 'POST', url })).statusCode, 404, url);
    }
    assert.equal(await as(app, await world.token('operator')), 200);
    await app.close();
  });

  it('we alone: our tokens count, and nobody else’s', async () => {
    const env = readEnv(ApiEnv, { ...world.env, JWT_ISSUER_URL: '' });
    const composed = await compose(env, pino({ level: 'silent' }), createApiMetrics());
    const { app } = await createApi(composed.dependencies);
    const { session } = await enter(world, kitchen);
    assert.equal(await as(app, session.body.accessToken), 200);
    assert.equal(await as(app, await world.token('donor:kitchen')), 401);
    await app.close();
    await composed.stop();
  });
});

describe('the cookie', () => {
  it('is out of scripts’ reach, sent to our routes alone, and changes with every use', async () => {
    const { browser } = await enter(world, kitchen);
    const first = browser.cookie();
    for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/v1/auth', 'Max-Age=2592000']) {
      assert.ok(browser.setCookie().split('; ').includes(part), `${part} in ${browser.setCookie()}`);
    }
    assert.equal(/Secure|Domain/.test(browser.setCookie()), false);
    const refreshed = await browser.post('refresh');
    assert.equal(refreshed.status, 200);
    assert.equal(refreshed.body.organisationId, 'kitchen');
    assert.equal(refreshed.headers['cache-control'], 'no-store');
    assert.notEqual(browser.cookie(), first);
    assert.equal((await me(refreshed)).status, 200);
    for (let i = 0; i < 5; i++) assert.equal((await browser.post('refresh')).status, 200);
  });

  it('two tabs that refresh at once both go on, in whatever process they arrive', async () => {
    const { browser } = await enter(world, kitchen);
    for (let round = 0; round < 5; round++) {
      const tabs = [browser, browser.copy(), openBrowser(world.askSecond, browser.cookie()), browser.copy()];
      const replies = await Promise.all(tabs.map((tab) => tab.post('refresh')));
      assert.deepEqual(
        replies.map((reply) => reply.status),
        [200, 200, 200, 200],
      );
      assert.equal(new Set(tabs.map((tab) => tab.cookie())).size, 1, 'all hold the same successor');
    }
    assert.equal((await browser.post('refresh')).status, 200);
  });

  it('a copy used later ends the session for both, as soon as both are used', async () => {
    for (const isOwnerFirst of [true, false]) {
      const { browser } = await enter(world, kitchen);
      const thief = browser.copy();
      assert.equal((await browser.post('refresh')).status, 200);
      await rotatedAgo(browser, 31);
      // it may be a phone whose answer was lost: the successor that nobody has shown counts no more
      assert.equal((await thief.post('refresh')).status, 200);
      assert.notEqual(thief.cookie(), browser.cookie());
      const [one, other] = isOwnerFirst ? [browser, thief] : [thief, browser];
      assert.equal((await one.post('refresh')).status, isOwnerFirst ? 401 : 200);
      const late = await other.post('refresh');
      assert.deepEqual(problemOf(late), [401, 'not-authenticated']);
      assert.equal(other.cookie(), '');
      assert.deepEqual(problemOf(await one.post('refresh')), [401, 'not-authenticated']);
    }
  });

  it('a copy of what has been followed twice ends it at once', async () => {
    const { browser } = await enter(world, kitchen);
    const thief = browser.copy();
    for (let i = 0; i < 2; i++) assert.equal((await browser.post('refresh')).status, 200);
    assert.deepEqual(problemOf(await thief.post('refresh')), [401, 'not-authenticated']);
    assert.deepEqual(problemOf(await browser.post('refresh')), [401, 'not-authenticated']);
  });

  it('and the other way round: when the thief was quicker, the owner’s next use ends it', async () => {
    const { browser } = await enter(world, kitchen);
    const thief = browser.copy();
    for (let i = 0; i < 3; i++) assert.equal((await thief.post('refresh')).status, 200);
    assert.equal((await browser.post('refresh')).status, 401);
    assert.equal((await thief.post('refresh')).status, 401);
  });

  it('a lost answer is asked for again, within half a minute or days later, and lost again', async () => {
    let { browser } = await enter(world, kitchen);
    for (const [seconds, times] of [
      [25, 2],
      [31, 3],
      [5 * 86_400, 3],
    ] as const) {
      const before = browser.copy();
      await browser.post('refresh');
      for (let time = 0; time < times; time++) {
        await rotatedAgo(browser, seconds);
        const lost = before.copy();
        assert.equal((await lost.post('refresh')).status, 200);
      }
      const tabs = [before, before.copy(), openBrowser(world.askSecond, before.cookie())];
      assert.deepEqual(
        (await Promise.all(tabs.map((tab) => tab.post('refresh')))).map(({ status }) => status),
        [200, 200, 200],
      );
      assert.equal(new Set(tabs.map((tab) => tab.cookie())).size, 1, 'all hold the same successor');
      assert.equal((await before.post('refresh')).status, 200, `${String(seconds)} s`);
      browser = before;
    }
  });

  it('is over when unused for a month, and after half a year however used', async () => {
    const { browser, session } = await enter(world, { role: 'operator', operator: 'old' });
    await world.pool.query(`update session set created_at = now() - interval '179 days' where subject = 'old'`);
    await browser.post('refresh');
    const { rows } = await world.pool.query<{ days: number }>(
      `select extract(epoch from expires_at - now()) / 86400 as days from session where subject = 'old'`,
    );
    assert.ok(Number(rows[0]?.days) < 1.1);
    await world.pool.query(`update session set expires_at = now() where subject = 'old'`);
    assert.equal((await browser.post('refresh')).status, 401);
    assert.equal((await me(session)).status, 200, 'its token lives on for its quarter of an hour');
  });

  it('of no sense, of another, or none: signed out', async () => {
    const { browser } = await enter(world, kitchen);
    const other = await enter(world, shelter);
    const [id] = (browser.cookie().split('=')[1] ?? '').split('.');
    const [, secret] = (other.browser.cookie().split('=')[1] ?? '').split('.');
    const bad = [
      '',
      'x',
      '..',
      `${'A'.repeat(22)}.${'A'.repeat(43)}`,
      "';drop table session",
      `${String(id)}.${String(secret)}`,
    ];
    for (const value of bad) {
      const reply = await openBrowser(world.ask, value === '' ? '' : `refresh=${encodeURIComponent(value)}`).post(
        'refresh',
      );
      assert.deepEqual(problemOf(reply), [401, 'not-authenticated'], value);
    }
    assert.equal((await other.browser.post('refresh')).status, 200, 'the other one is not touched');
  });

  it('is for our own pages: others and neighbours are refused, and bodies are JSON', async () => {
    const { browser, session } = await enter(world, kitchen);
    for (const path of ['refresh', 'sign-out', 'link', 'sign-out-everywhere', 'passkeys/authentication']) {
      for (const site of ['cross-site', 'same-site']) {
        const reply = await browser.post(path, undefined, { ...bearer(session), 'sec-fetch-site': site });
        assert.deepEqual(problemOf(reply), [403, 'other-site'], `${path} ${site}`);
      }
    }
    const form = await world.ask('POST', '/v1/auth/link', {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'token=x',
    });
    assert.deepEqual(problemOf(form), [415, 'unsupported-content-type']);
    assert.equal((await browser.post('refresh')).status, 200);
  });
});

describe('signing out', () => {
  it('ends this browser, and no other', async () => {
    const [here, there] = [await enter(world, kitchen), await enter(world, kitchen)];
    const copy = here.browser.copy();
    assert.equal((await here.browser.post('sign-out')).status, 204);
    assert.equal(here.browser.cookie(), '');
    assert.equal((await copy.post('refresh')).status, 401);
    assert.equal((await here.browser.post('sign-out')).status, 204, 'a repeat does nothing');
    assert.equal((await there.browser.post('refresh')).status, 200);
  });

  it('everywhere: no session of this member is refreshed from now on, their tokens end by themselves, others stay', async () => {
    const mine = await Promise.all([enter(world, shelter), enter(world, shelter), enter(world, shelter)]);
    const other = await enter(world, { role: 'recipient', organisationId: 'fridge' });
    const [one] = mine;
    assert.ok(one);
    const everywhere = await one.browser.post('sign-out-everywhere', undefined, bearer(one.session));
    assert.equal(everywhere.status, 204);
    assert.equal(one.browser.cookie(), '');
    for (const { browser, session } of mine) {
      assert.equal((await browser.post('refresh')).status, 401);
      const { payload } = await jwtVerify(
        session.body.accessToken,
        createLocalJWKSet((await world.ask('GET', '/.well-known/jwks.json')).body),
      );
      assert.ok(Number(payload.exp) * 1000 - Date.now() <= 15 * 60_000);
    }
    assert.equal((await other.browser.post('refresh')).status, 200);
    const audit = await world.pool.query(`select subject, after from audit_log where action = 'session.end-all'`);
    assert.equal(audit.rows.at(-1).subject, 'recipient:shelter');
    assert.ok(audit.rows.at(-1).after.sessions >= 3);
    assert.equal((await enter(world, shelter)).session.status, 200, 'a new link lets in again');
  });

  it('a session that signs in works like any token: it posts food', async () => {
    const { session } = await enter(world, kitchen);
    const reply = await world.ask('POST', '/v1/surplus', { headers: bearer(session), key: newKey(), body: food() });
    assert.equal(reply.status, 201);
  });
});
