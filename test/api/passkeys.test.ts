/** Passkeys made and used by a software authenticator, and by who has none. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createAuthenticator, type Authenticator, type Wrong } from './authenticator.ts';
import { bearer, enter, openBrowser, type Browser } from './browser.ts';
import { PUBLIC_URL, registerDonor, registerRecipient, startWorld, type Reply, type World } from './world.ts';

let world: World;
before(async () => {
  world = await startWorld();
  await registerDonor(world, 'kitchen');
  await registerRecipient(world, 'shelter');
});
after(() => world.stop());

const kitchen = { role: 'donor', organisationId: 'kitchen' };
const shelter = { role: 'recipient', organisationId: 'shelter' };

async function creationOptions(session: Reply): Promise<Reply['body']> {
  const reply = await openBrowser(world.ask).post('passkeys/registration/options', undefined, bearer(session));
  assert.equal(reply.status, 200);
  return reply.body;
}

async function register(session: Reply, authenticator: Authenticator, wrong: Wrong = {}): Promise<Reply> {
  const response = authenticator.create(await creationOptions(session), wrong);
  return await openBrowser(world.ask).post('passkeys/registration', { response }, bearer(session));
}

async function requestOptions(): Promise<Reply['body']> {
  const reply = await openBrowser(world.ask).post('passkeys/authentication/options');
  assert.equal(reply.status, 200);
  return reply.body;
}

const use = async (browser: Browser, response: unknown): Promise<Reply> =>
  await browser.post('passkeys/authentication', { response });

async function signIn(authenticator: Authenticator, wrong: Wrong = {}, browser = openBrowser(world.ask)) {
  return await use(browser, authenticator.get(await requestOptions(), wrong));
}

function assertRefused(reply: Reply, what = ''): void {
  assert.deepEqual([reply.status, reply.body.type], [403, '/docs/errors/passkey-refused'], `${what} ${reply.text}`);
  assert.equal(reply.headers['set-cookie'], undefined, what);
}

async function registered(invitee: object): Promise<Authenticator> {
  const { session } = await enter(world, invitee);
  const authenticator = createAuthenticator(PUBLIC_URL);
  assert.equal((await register(session, authenticator)).status, 204);
  return authenticator;
}

describe('a passkey', () => {
  it('is asked for so that a device keeps it, finds it, and checks who holds it', async () => {
    const { session } = await enter(world, kitchen);
    const options = await creationOptions(session);
    assert.deepEqual(
      [options.rp, options.user.name, options.attestation],
      [{ name: 'Pahlawan Pangan', id: 'localhost' }, 'Kitchen kitchen', 'none'],
    );
    assert.deepEqual(
      [options.authenticatorSelection.residentKey, options.authenticatorSelection.userVerification],
      ['required', 'required'],
    );
    const asked = await requestOptions();
    assert.deepEqual(
      [asked.rpId, asked.userVerification, asked.allowCredentials],
      ['localhost', 'required', undefined],
    );
  });

  it('signs in, again and again, with a session that refreshes', async () => {
    const authenticator = await registered(kitchen);
    for (let i = 0; i < 3; i++) {
      const browser = openBrowser(i % 2 === 0 ? world.ask : world.askSecond);
      const session = await signIn(authenticator, {}, browser);
      assert.equal(session.status, 200);
      assert.deepEqual([session.body.role, session.body.organisationId], ['donor', 'kitchen']);
      assert.equal((await world.ask('GET', '/v1/me', { headers: bearer(session) })).body.name, 'Kitchen kitchen');
      assert.equal((await browser.post('refresh')).status, 200);
    }
    const audit = await world.pool.query(`select subject from audit_log where action = 'passkey.register'`);
    assert.equal(audit.rows.at(-1).subject, 'donor:kitchen');
  });

  it('of a device that counts nothing works too', async () => {
    const authenticator = await registered(kitchen);
    for (let i = 0; i < 3; i++) assert.equal((await signIn(authenticator, { signCount: 0 })).status, 200);
  });

  it('a second one is asked for with the first left out; the same one twice is refused', async () => {
    const { session } = await enter(world, shelter);
    const authenticator = createAuthenticator(PUBLIC_URL);
    assert.equal((await register(session, authenticator)).status, 204);
    const options = await creationOptions(session);
    assert.deepEqual(options.excludeCredentials, [
      { id: authenticator.credentialId, type: 'public-key', transports: ['internal', 'hybrid'] },
    ]);
    assertRefused(await register(session, authenticator));
    assertRefused(await register((await enter(world, kitchen)).session, authenticator), "another member's");
    assert.equal((await signIn(createOf(authenticator))).body.organisationId, 'shelter');
    assert.equal((await register(session, createAuthenticator(PUBLIC_URL))).status, 204);
  });

  it('is listed, and once removed by its member signs nobody in', async () => {
    const { session } = await enter(world, shelter);
    const { session: other } = await enter(world, kitchen);
    const ask = (as: Reply, method: string, id = '') =>
      world.ask(method, `/v1/auth/passkeys${id}`, { headers: bearer(as) });
    const authenticator = createAuthenticator(PUBLIC_URL);
    await register(session, authenticator);
    const own = async (as: Reply) => (await ask(as, 'GET')).body.items as { id: string; lastUsedAt: string | null }[];
    const mine = (await own(session)).find(({ id }) => id === authenticator.credentialId);
    assert.equal(mine?.lastUsedAt, null);
    assert.ok(!(await own(other)).some(({ id }) => id === authenticator.credentialId));
    assert.equal((await signIn(authenticator)).status, 200);
    assert.equal((await ask(other, 'DELETE', `/${authenticator.credentialId}`)).status, 404);
    assert.equal((await signIn(authenticator)).status, 200, "another member's removal does nothing");
    assert.equal((await ask(session, 'DELETE', `/${authenticator.credentialId}`)).status, 204);
    assertRefused(await signIn(authenticator));
  });
});

/** The same device after it was asked to make a passkey for somebody else: its handle is the first one's again. */
function createOf(authenticator: Authenticator): Authenticator {
  return {
    ...authenticator,
    get: (options, wrong) => {
      const { userHandle, ...response } = authenticator.get(options, wrong).response;
      assert.equal(typeof userHandle, 'string');
      return { ...authenticator.get(options, wrong), response: { ...response, userHandle: null } };
    },
  };
}

describe('refused, whatever it was, with the same words', () => {
  it('registrations of another address, unverified, of another kind, or signed out', async () => {
    const { session } = await enter(world, kitchen);
    const wrongs: Record<string, Wrong> = {
      'another origin': { origin: 'https://evil.example' },
      'the origin with another port': { origin: 'http://localhost:9999' },
      'another relying party': { rpId: 'evil.example' },
      'a device that did not check': { userVerified: false },
      'an assertion': { type: 'webauthn.get' },
      'no challenge of ours': { challenge: 'AAAA' },
    };
    for (const [what, wrong] of Object.entries(wrongs)) {
      assertRefused(await register(session, createAuthenticator(PUBLIC_URL), wrong), what);
    }
    const response = createAuthenticator(PUBLIC_URL).create(await creationOptions(session));
    assert.equal((await openBrowser(world.ask).post('passkeys/registration', { response })).status, 401);
  });

  it("somebody else's challenge, a sign-in's for a registration, and one that was used", async () => {
    const [mine, theirs] = [await enter(world, kitchen), await enter(world, shelter)];
    const authenticator = createAuthenticator(PUBLIC_URL);
    const { challenge } = await creationOptions(theirs.session);
    assertRefused(await register(mine.session, authenticator, { challenge }), "another's challenge");
    const asked = await requestOptions();
    assertRefused(await register(mine.session, authenticator, { challenge: asked.challenge }), "a sign-in's challenge");
    const options = await creationOptions(mine.session);
    const send = async (each: Authenticator): Promise<Reply> =>
      await openBrowser(world.ask).post(
        'passkeys/registration',
        { response: each.create(options) },
        bearer(mine.session),
      );
    assert.equal((await send(authenticator)).status, 204);
    assertRefused(await send(createAuthenticator(PUBLIC_URL)), 'a replayed challenge');
  });

  it('sign-ins of another address, unverified, by another key, another handle, or of a passkey nobody has', async () => {
    const authenticator = await registered(kitchen);
    const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const wrongs: Record<string, Wrong> = {
      'another origin': { origin: 'https://evil.example' },
      'another relying party': { rpId: 'evil.example' },
      'a device that did not check': { userVerified: false },
      'a registration': { type: 'webauthn.create' },
      'a key that is not its own': { key: foreign },
      'no challenge of ours': { challenge: Buffer.alloc(54).toString('base64url') },
      "somebody else's handle": { userHandle: 'AAAA' },
      'a passkey nobody has': { credentialId: 'AAAA' },
    };
    const details = new Set<string>();
    for (const [what, wrong] of Object.entries(wrongs)) {
      const reply = await signIn(authenticator, wrong);
      assertRefused(reply, what);
      details.add(reply.text);
    }
    assert.equal(details.size, 1, 'nobody learns which it was');
    assert.equal((await signIn(authenticator)).status, 200);
  });

  it('a recorded sign-in sent again, in another process, or many times at once', async () => {
    const authenticator = await registered(kitchen);
    const recorded = authenticator.get(await requestOptions());
    assert.equal((await use(openBrowser(world.ask), recorded)).status, 200);
    assertRefused(await use(openBrowser(world.askSecond), recorded));
    const counting = authenticator.get(await requestOptions(), { signCount: 50 });
    const replies = await Promise.all(
      [world.ask, world.askSecond, world.ask, world.askSecond].map((ask) => use(openBrowser(ask), counting)),
    );
    assert.equal(replies.filter((reply) => reply.status === 200).length, 1);
    const still = await registered(shelter);
    const uncounted = still.get(await requestOptions(), { signCount: 0 });
    assert.equal((await use(openBrowser(world.ask), uncounted)).status, 200);
    assertRefused(await use(openBrowser(world.ask), uncounted), 'a device that counts nothing');
  });

  it('a counter that stands still or goes back: a copy is about', async () => {
    const authenticator = await registered(kitchen);
    assert.equal((await signIn(authenticator, { signCount: 7 })).status, 200);
    for (const signCount of [7, 3, 0]) assertRefused(await signIn(authenticator, { signCount }), String(signCount));
    assert.equal((await signIn(authenticator, { signCount: 8 })).status, 200);
  });
});
