import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, it, mock } from 'node:test';
import { exportSPKI, generateKeyPair, importJWK, type JWK } from 'jose';
import { createJwks } from '../../services/api/auth/jwks.ts';
import { createTokenVerifier, type Verified } from '../../services/api/auth/tokens.ts';
import { Problem } from '../../services/api/problems.ts';
import { AUDIENCE, startIssuer, type TestIssuer, type TokenChange } from './tokens.ts';

let issuer: TestIssuer;
let nowMs = Date.now();
let verify: (authorization: string | undefined) => Promise<Verified>;

before(async () => {
  issuer = await startIssuer();
  verify = verifierOf(issuer);
});
after(() => issuer.stop());

function verifierOf(of: TestIssuer, cacheSize = 100) {
  return createTokenVerifier({
    issuers: [{ issuer: of.url, keys: createJwks(of.jwksUrl) }],
    audience: AUDIENCE,
    clocks: [() => nowMs],
    cacheSize,
  });
}

const check = async (token: string): Promise<Verified> => await verify(`Bearer ${token}`);
const refused = async (token: Promise<string>): Promise<void> => {
  await assert.rejects(check(await token), (error) => error instanceof Problem && error.code === 'not-authenticated');
};
const donor = (change: TokenChange = {}): Promise<string> => issuer.token('donor', 'kitchen', change);

describe('tokens', () => {
  it('takes RS256 and ES256, for each role', async () => {
    for (const header of [
      { alg: 'RS256', kid: 'rsa' },
      { alg: 'ES256', kid: 'ec' },
    ]) {
      assert.deepEqual((await check(await donor({ header }))).principal, {
        role: 'donor',
        id: 'kitchen',
        scope: 'donor:kitchen',
      });
    }
    assert.equal((await check(await issuer.token('operator', null))).principal.scope, 'operator:operator-person');
  });

  it('refuses no token, other schemes, rubbish', async () => {
    for (const given of [
      undefined,
      '',
      'Basic abc',
      'Bearer',
      'Bearer a.b',
      `Bearer ${'x'.repeat(5000)}.y.z`,
      'Bearer a.b.c',
      'Bearer ..',
    ]) {
      await assert.rejects(
        verify(given),
        (error) => error instanceof Problem && error.code === 'not-authenticated',
        given,
      );
    }
  });

  it('refuses alg none, and HS256 with the public key as its secret', async () => {
    const [head = '', body = ''] = (await donor()).split('.');
    const none = Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(head, 'base64url').toString()), alg: 'none' }),
    ).toString('base64url');
    await refused(Promise.resolve(`${none}.${body}.`));
    await refused(Promise.resolve(`${none}.${body}.AA`));
    const jwks = (await (await fetch(issuer.jwksUrl)).json()) as { keys: JWK[] };
    for (const jwk of jwks.keys) {
      const spki = await exportSPKI(
        (await importJWK({ ...jwk, ext: true }, String(jwk.alg), { extractable: true })) as never,
      );
      await refused(donor({ header: { alg: 'HS256', kid: String(jwk.kid) }, key: new TextEncoder().encode(spki) }));
      await refused(
        donor({ header: { alg: 'HS256', kid: String(jwk.kid) }, key: new TextEncoder().encode(JSON.stringify(jwk)) }),
      );
    }
  });

  it('refuses a foreign key under a known id, keys inside the token, and a flipped bit', async () => {
    const foreign = await generateKeyPair('ES256', { extractable: true });
    await refused(donor({ key: foreign.privateKey }));
    const { exportJWK } = await import('jose');
    await refused(
      donor({
        key: foreign.privateKey,
        header: { jwk: await exportJWK(foreign.publicKey), jku: 'http://127.0.0.1:1/' },
      }),
    );
    const good = await donor();
    const [head = '', body = '', signature = ''] = good.split('.');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
    const raised = Buffer.from(JSON.stringify({ ...claims, role: 'operator', org: undefined })).toString('base64url');
    await refused(Promise.resolve(`${head}.${raised}.${signature}`));
  });

  it('refuses another issuer, audience, type, algorithm', async () => {
    await refused(donor({ claims: { iss: 'http://evil.example' } }));
    await refused(donor({ claims: { aud: 'another-api' } }));
    await refused(donor({ claims: { aud: undefined } }));
    await refused(donor({ header: { typ: 'JWT' } }));
    await refused(donor({ header: { typ: 'id+jwt' } }));
    await refused(donor({ header: { alg: 'RS512', kid: 'rsa' }, key: (await generateKeyPair('RS512')).privateKey }));
  });

  it('refuses the expired, the too long, the timeless, and what comes from the future', async () => {
    const now = Math.floor(nowMs / 1000);
    await refused(donor({ issuedAtSeconds: now - 700, lifetimeSeconds: 600 }));
    await refused(donor({ lifetimeSeconds: 15 * 60 + 1 }));
    await refused(donor({ claims: { exp: undefined } }));
    await refused(donor({ claims: { iat: undefined } }));
    await refused(donor({ issuedAtSeconds: now + 120 }));
    await refused(donor({ claims: { nbf: now + 120 } }));
    await refused(donor({ claims: { exp: 'soon' } }));
    await check(await donor({ lifetimeSeconds: 15 * 60 }));
  });

  it('refuses roles and organisations that do not fit', async () => {
    await refused(issuer.token('admin', 'kitchen'));
    await refused(issuer.token('donor', null));
    await refused(issuer.token('donor', 'Kitchen; drop table'));
    await refused(issuer.token('operator', 'kitchen'));
    await refused(donor({ claims: { role: ['donor', 'operator'] } }));
    await refused(donor({ claims: { org: ['kitchen'] } }));
    await refused(donor({ claims: { sub: '' } }));
    await refused(donor({ claims: { sub: 'x'.repeat(1000) } }));
  });

  it('forgets a token seen before when it expires', async () => {
    const token = await donor({ lifetimeSeconds: 60 });
    await check(token);
    nowMs += 61_000;
    await refused(Promise.resolve(token));
    nowMs -= 61_000;
  });
});

describe('clocks', () => {
  it('one of two that is an hour off turns nobody away who is good by the other, before and after it is known', async () => {
    let aheadMs = 0;
    const twice = createTokenVerifier({
      issuers: [{ issuer: issuer.url, keys: createJwks(issuer.jwksUrl) }],
      audience: AUDIENCE,
      clocks: [() => nowMs + aheadMs, () => nowMs],
    });
    for (const hours of [1, -1, 0]) {
      aheadMs = hours * 3_600_000;
      const token = `Bearer ${await donor()}`;
      const { leftMs } = await twice(token);
      await twice(token);
      assert.ok(leftMs() > 60_000 && leftMs() <= 15 * 60_000, `${String(leftMs())} ms left by the clock that is right`);
    }
    aheadMs = 3_600_000;
    const early = `Bearer ${await donor({ issuedAtSeconds: Math.floor((nowMs + aheadMs) / 1000) })}`;
    await twice(early);
    aheadMs = 0;
    await assert.rejects(twice(early), (error) => error instanceof Problem, 'known, and from the future by both');
    const over = await donor({ lifetimeSeconds: 60, issuedAtSeconds: Math.floor(nowMs / 1000) - 120 });
    await assert.rejects(twice(`Bearer ${over}`), (error) => error instanceof Problem);
  });
});

describe('the keys', () => {
  it('refuses an RSA key of 1,024 bits, though the issuer serves it', async () => {
    const { createServer } = await import('node:http');
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const jwk = { ...small.publicKey.export({ format: 'jwk' }), kid: 'small', alg: 'RS256' };
    const server = createServer((_, response) => void response.end(JSON.stringify({ keys: [jwk] })));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const keys = createJwks(new URL(`http://127.0.0.1:${String(port)}/jwks`));
    const strict = createTokenVerifier({
      issuers: [{ issuer: issuer.url, keys }],
      audience: AUDIENCE,
      clocks: [() => nowMs],
    });
    const { createSign } = await import('node:crypto');
    const iat = Math.floor(nowMs / 1000);
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const text = `${part({ alg: 'RS256', kid: 'small', typ: 'at+jwt' })}.${part({ iss: issuer.url, aud: AUDIENCE, sub: 's', iat, exp: iat + 60, role: 'operator' })}`;
    const signature = createSign('RSA-SHA256').update(text).sign(small.privateKey, 'base64url');
    await assert.rejects(
      strict(`Bearer ${text}.${signature}`),
      (error) => error instanceof Problem && error.code === 'not-authenticated',
    );
    server.closeAllConnections();
    server.close();
  });

  it('a flood of unknown key ids asks the issuer at most once more', async () => {
    const quiet = await startIssuer();
    const flooded = verifierOf(quiet);
    await flooded(`Bearer ${await quiet.token('operator', null)}`);
    const before = quiet.fetches();
    const tokens = await Promise.all(
      Array.from({ length: 200 }, (_, i) => quiet.token('operator', null, { header: { kid: `unknown-${String(i)}` } })),
    );
    await Promise.all(tokens.map((token) => assert.rejects(flooded(`Bearer ${token}`))));
    assert.ok(quiet.fetches() - before <= 1, `${String(quiet.fetches() - before)} fetches`);
    await quiet.stop();
  });

  it('no keys and no issuer: that is our fault, and nobody hammers', async () => {
    const gone = await startIssuer();
    const token = await gone.token('operator', null);
    await gone.stop();
    let fetches = 0;
    const keys = createJwks(gone.jwksUrl, { fetched: () => fetches++ });
    const cold = createTokenVerifier({
      issuers: [{ issuer: gone.url, keys }],
      audience: AUDIENCE,
      clocks: [() => nowMs],
    });
    for (let i = 0; i < 50; i++) {
      await assert.rejects(
        cold(`Bearer ${token}`),
        (error) => error instanceof Problem && error.code === 'unavailable',
      );
    }
    assert.equal(fetches, 1);
  });

  it('with the issuer away, keys seen before stay good for an hour', async () => {
    const leaving = await startIssuer();
    const token = await leaving.token('operator', null, { issuedAtSeconds: Math.floor(nowMs / 1000) + 11 * 60 });
    const late = await leaving.token('operator', null, { issuedAtSeconds: Math.floor(nowMs / 1000) + 90 * 60 });
    mock.timers.enable({ apis: ['Date'], now: nowMs });
    const keys = createJwks(leaving.jwksUrl, { nowMs: Date.now });
    const patient = createTokenVerifier({
      issuers: [{ issuer: leaving.url, keys }],
      audience: AUDIENCE,
      clocks: [Date.now],
    });
    await patient(`Bearer ${await leaving.token('operator', null, { issuedAtSeconds: Math.floor(nowMs / 1000) })}`);
    await leaving.stop();
    mock.timers.tick(11 * 60_000);
    await patient(`Bearer ${token}`);
    const page = createServer((_, response) => response.end('{"status":"maintenance"}'));
    page.listen(Number(leaving.jwksUrl.port), '127.0.0.1');
    await once(page, 'listening');
    mock.timers.tick(60_000);
    await patient(
      `Bearer ${await leaving.token('operator', null, { issuedAtSeconds: Math.floor(Date.now() / 1000) })}`,
    );
    page.closeAllConnections();
    page.close();
    mock.timers.tick(78 * 60_000);
    await assert.rejects(
      patient(`Bearer ${late}`),
      (error) => error instanceof Problem && error.code === 'unavailable',
    );
    mock.timers.reset();
  });
});
