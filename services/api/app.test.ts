import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it, mock } from 'node:test';
import pino from 'pino';
import { CellUnavailable } from '#cell/contract.ts';
import { problemOf } from './answerProblems.ts';
import { guardRoutes } from './auth/gate.ts';
import { PROBLEM_CODES, PROBLEMS, Problem } from './problems.ts';
import { createServer } from './server.ts';

const bare = () => {
  const app = createServer(pino({ level: 'silent' }), () => undefined);
  guardRoutes(app, {
    verify: () => Promise.reject(new Problem('not-authenticated', 'no')),
    directory: { find: () => Promise.resolve(null), forget: () => undefined },
  });
  return app;
};

describe('a route that says too little fails at boot', () => {
  it('without who may call it', async () => {
    const app = bare();
    app.get('/v1/open-door', () => ({}));
    await assert.rejects(async () => await app.ready(), /GET \/v1\/open-door does not say who may call it/);
  });

  it('for nobody', async () => {
    const app = bare();
    app.get('/v1/nobody', { config: { access: [] } }, () => ({}));
    await assert.rejects(async () => await app.ready(), /is for nobody/);
  });

  it('a POST without whether it asks for a key', async () => {
    const app = bare();
    app.post('/v1/thing', { config: { access: ['donor'] } }, () => ({}));
    await assert.rejects(async () => await app.ready(), /Idempotency-Key/);
  });
});

describe('what is no HTTP', () => {
  it(
    'is answered, and its connection ended, though the other side keeps its own open',
    { timeout: 10_000 },
    async (t) => {
      const app = bare();
      await app.listen({ host: '127.0.0.1', port: 0 });
      t.after(() => app.close());
      const accepted = once(app.server, 'connection') as Promise<[Socket]>;
      const { port } = app.server.address() as AddressInfo;
      const other = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      other.write('GET / HTTP/1.1\r\n');
      const [ours] = await accepted;
      // as Node.js says it of who does not come to an end
      app.server.emit('clientError', Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), ours);
      const [said] = (await once(other, 'data')) as [Buffer];
      assert.match(said.toString(), /^HTTP\/1.1 503 /, 'what is too slow may come again');
      if (!ours.destroyed) await once(ours, 'close');
      other.destroy();
    },
  );
});

describe('a body that does not come', () => {
  /** A request whose body is one byte short, once its route has been found. */
  async function trickled(config: { readonly slowBody?: boolean }) {
    const app = bare();
    const found = new Promise<void>((resolve) => {
      app.addHook('preParsing', (_, __, payload, done) => (resolve(), done(null, payload)));
    });
    app.post('/in', { config: { access: 'public', idempotencyKey: false, ...config } }, () => ({}));
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as AddressInfo;
    const other = connect({ port, host: '127.0.0.1' });
    other.write('POST /in HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{');
    await found;
    return { app, other };
  }

  it('is not waited for longer than half a minute, unless its route says so', { timeout: 10_000 }, async (t) => {
    mock.timers.enable({ apis: ['setTimeout'] });
    t.after(() => mock.timers.reset());
    const small = await trickled({});
    const closed = once(small.other.resume(), 'close');
    mock.timers.tick(30_000);
    await closed;
    await small.app.close();

    const photo = await trickled({ slowBody: true });
    mock.timers.tick(200_000);
    photo.other.write('}');
    const [said] = (await once(photo.other, 'data')) as [Buffer];
    assert.match(said.toString(), /^HTTP\/1.1 200 /);
    photo.other.destroy();
    await photo.app.close();
  });
});

describe('problems', () => {
  it('each code has its page, each page its code, and the page says the right status and title', () => {
    const folder = join(import.meta.dirname, '../../docs/errors');
    const pages = readdirSync(folder).filter((name) => name !== 'README.md');
    assert.deepEqual(pages.sort(), PROBLEM_CODES.map((code) => `${code}.md`).sort());
    for (const code of PROBLEM_CODES) {
      const text = readFileSync(join(folder, `${code}.md`), 'utf8');
      assert.ok(text.startsWith(`# ${PROBLEMS[code].title}\n`), code);
      assert.ok(text.includes(`\`${code}\` · HTTP ${String(PROBLEMS[code].status)}`), code);
    }
  });

  it('an unexpected error tells nothing of our insides', async () => {
    const app = bare();
    app.get('/boom', { config: { access: 'public' } }, () => {
      throw new Error('password=hunter2 at /srv/secret.ts');
    });
    const reply = await app.inject('/boom');
    assert.equal(reply.statusCode, 500);
    assert.match(String(reply.headers['content-type']), /problem\+json/);
    assert.equal(/hunter2|secret/.test(reply.body), false);
  });

  it('a cell or database that is away is 503 with Retry-After', () => {
    // a statement's time, a standby's refusal to write, a deadlock, no server, no name for it, no file left for a connection
    const codes = ['57014', '25006', '25P03', '40P01', 'ECONNREFUSED', 'EAI_AGAIN', 'EHOSTUNREACH', 'EMFILE'];
    for (const error of [
      new CellUnavailable('x', 2),
      ...codes.map((code) => Object.assign(new Error('x'), { code })),
      // what pg says of a session that ended between two statements of a transaction
      new Error('Client has encountered a connection error and is not queryable'),
    ]) {
      const problem = problemOf(error);
      assert.equal(problem.code, 'unavailable', error.message);
      assert.ok(Number(problem.headers['retry-after']) > 0);
    }
  });
});
