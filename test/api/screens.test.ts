/** The built web app as the api serves it: nothing else from that folder or beside it, and nothing that may run elsewhere. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { brotliCompressSync } from 'node:zlib';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startWorld, type World } from './world.ts';

const FILES: Record<string, string> = {
  'index.html': '<!doctype html><title>Pahlawan Pangan</title>',
  'sw.js': '// the worker',
  'manifest.webmanifest': '{"name":"Pahlawan Pangan"}',
  'icons/192.png': 'no picture',
  'assets/index-B1a2_3d4.js': 'export {};',
  'assets/index-C9d8e7f6.css': 'body{}',
  'assets/plain.js': 'export {};',
  '.env': 'SECRET=1',
};
const folder = mkdtempSync(join(tmpdir(), 'pahlawan-screens-'));
const dist = join(folder, 'dist');
let world: World;
before(async () => {
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(join(dist, name, '..'), { recursive: true });
    writeFileSync(join(dist, name), text);
  }
  writeFileSync(join(dist, 'assets/packed-A1b2c3d4.js'), 'plain()');
  writeFileSync(join(dist, 'assets/packed-A1b2c3d4.js.br'), brotliCompressSync('plain()'));
  writeFileSync(join(folder, 'secret.txt'), 'beside it');
  world = await startWorld({ change: (given) => ({ ...given, screensDir: dist }) });
});
after(async () => {
  await world.stop();
  rmSync(folder, { recursive: true });
});

const get = (path: string, method = 'GET') => world.ask(method, path);

/** As it is typed: no client tidies the path up. */
function getRaw(path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(world.url);
    request({ hostname, port, path }, (response) => {
      let text = '';
      response.on('data', (part) => (text += String(part)));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    })
      .on('error', reject)
      .end();
  });
}

describe('the screens', () => {
  it('are served with what each is, and how long it may be kept', async () => {
    const expected: Record<string, readonly [type: RegExp, cache: string, file: string]> = {
      '/': [/^text\/html/, 'no-cache', 'index.html'],
      '/index.html': [/^text\/html/, 'no-cache', 'index.html'],
      '/sw.js': [/javascript/, 'no-cache', 'sw.js'],
      '/manifest.webmanifest': [/^application\/manifest\+json/, 'no-cache', 'manifest.webmanifest'],
      '/icons/192.png': [/^image\/png/, 'no-cache', 'icons/192.png'],
      '/assets/plain.js': [/javascript/, 'no-cache', 'assets/plain.js'],
      '/assets/index-B1a2_3d4.js': [/javascript/, 'public, max-age=31536000, immutable', 'assets/index-B1a2_3d4.js'],
      '/assets/index-C9d8e7f6.css': [/^text\/css/, 'public, max-age=31536000, immutable', 'assets/index-C9d8e7f6.css'],
      '/index.html?v=1': [/^text\/html/, 'no-cache', 'index.html'],
    };
    for (const [path, [type, cache, file]] of Object.entries(expected)) {
      const reply = await get(path);
      assert.equal(reply.status, 200, path);
      assert.match(reply.headers['content-type'] ?? '', type, path);
      assert.equal(reply.headers['cache-control'], cache, path);
      assert.equal(reply.text, FILES[file], path);
    }
  });

  it('run nothing but their own scripts, are framed by nobody, and leak no address', async () => {
    for (const path of ['/', '/sw.js', '/assets/index-B1a2_3d4.js']) {
      const { headers } = await get(path);
      const policy = new Map(
        (headers['content-security-policy'] ?? '').split('; ').map((each) => {
          const [name = '', ...values] = each.split(' ');
          return [name, values.join(' ')];
        }),
      );
      const expected = {
        'default-src': "'none'",
        'script-src': "'self'",
        'connect-src': "'self'",
        'img-src': "'self' data: blob:",
        'worker-src': "'self'",
        'object-src': "'none'",
        'base-uri': "'none'",
        'frame-ancestors': "'none'",
        'require-trusted-types-for': "'script'",
        'trusted-types': 'pahlawan default',
      };
      for (const [name, value] of Object.entries(expected)) assert.equal(policy.get(name), value, `${path} ${name}`);
      assert.equal(
        [...policy.values()].some((value) => /unsafe|\*|http/.test(value)),
        false,
      );
      assert.match(headers['permissions-policy'] ?? '', /camera=\(self\), microphone=\(\)/);
      assert.deepEqual([headers['x-content-type-options'], headers['referrer-policy']], ['nosniff', 'no-referrer']);
    }
  });

  it('are sent compressed to whoever takes that, where the build made it so', async () => {
    const packed = await world.ask('GET', '/assets/packed-A1b2c3d4.js', { headers: { 'accept-encoding': 'br' } });
    assert.equal(packed.headers['content-encoding'], 'br');
    assert.match(packed.headers['vary'] ?? '', /accept-encoding/i);
    assert.match(packed.headers['content-type'] ?? '', /javascript/);
    assert.equal(packed.headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.match(packed.headers['content-security-policy'] ?? '', /script-src 'self'/);
    const plain = await world.ask('GET', '/assets/packed-A1b2c3d4.js', { headers: { 'accept-encoding': 'identity' } });
    assert.deepEqual([plain.headers['content-encoding'], plain.text], [undefined, 'plain()']);
  });

  it('that have not changed are not sent again', async () => {
    const { headers } = await get('/');
    const again = await world.ask('GET', '/', { headers: { 'if-none-match': String(headers['etag']) } });
    assert.deepEqual([again.status, again.text], [304, '']);
    assert.match(again.headers['content-security-policy'] ?? '', /script-src 'self'/);
    assert.equal((await get('/sw.js', 'HEAD')).status, 200);
  });

  it('are all there is: no path leads out of the folder, to a hidden file, or to a list', async () => {
    const paths = [
      '/../secret.txt',
      '/..%2fsecret.txt',
      '/%2e%2e/secret.txt',
      '/%2e%2e%2fsecret.txt',
      '/assets/../../secret.txt',
      '/assets/..%2f..%2fsecret.txt',
      '/..\\secret.txt',
      '/..%5csecret.txt',
      '//secret.txt',
      '/assets//../../secret.txt',
      '/....//secret.txt',
      '/%252e%252e%252fsecret.txt',
      '/index.html%00.txt',
      '/.env',
      '/%2eenv',
      '/assets',
      '/assets/',
      '/icons/',
      '/nothing.js',
      '/%',
    ];
    for (const path of paths) {
      const { status, text } = await getRaw(path);
      assert.ok([400, 404].includes(status), `${path}: ${String(status)}`);
      assert.equal(/beside it|SECRET/.test(text), false, path);
      assert.match(text, /\/docs\/errors\/(no-such-route|malformed-request)/, path);
    }
  });

  it('take no room from the API: other methods are refused, unknown paths are problems as ever', async () => {
    assert.deepEqual([(await get('/', 'POST')).status, (await get('/', 'POST')).headers['allow']], [405, 'GET, HEAD']);
    assert.equal((await get('/v1/nothing')).body.type, '/docs/errors/no-such-route');
    assert.equal((await get('/healthz')).status, 200);
    const { paths } = (await get('/openapi.json')).body;
    assert.equal(
      Object.keys(paths).some((path) => /index|sw\.js|assets/.test(path)),
      false,
    );
  });

  it('where nothing is built there is a problem that says where to look', async () => {
    const bare = await startWorld({ change: (given) => ({ ...given, screensDir: join(folder, 'nothing') }) });
    try {
      const reply = await bare.ask('GET', '/');
      assert.deepEqual([reply.status, reply.body.type], [404, '/docs/errors/no-such-route']);
      assert.match(reply.body.detail, /\/docs/);
    } finally {
      await bare.stop();
    }
  });
});
