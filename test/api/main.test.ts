/** The api as a process: says when it is not ready, and leaves in order. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { findTools } from '../../dev/stack/tools.ts';
import { freePort, until } from '../../dev/testing/servers.ts';
import { registerDonor, SECRET, startWorld, type World } from './world.ts';

const MAIN = join(import.meta.dirname, '../../services/api/main.ts');
let world: World;
before(async () => {
  world = await startWorld();
  await registerDonor(world, 'kitchen');
});
after(() => world.stop());

it('is ready with Dapr, drains on SIGTERM: not ready first, streams ended, exit 0', async () => {
  await using api = await startApi({ DRAIN_SECONDS: '0.5' });
  const token = await world.token('donor:kitchen');
  const stream = await fetch(`${api.url}/v1/stream`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(stream.status, 200);
  const left = once(api.process, 'exit');
  api.process.kill('SIGTERM');
  await until('it says it is not ready', async () => (await api.statusOf('/readyz')) === 503);
  assert.equal(await api.statusOf('/healthz'), 200);
  await stream.text();
  assert.deepEqual(await left, [0, null]);
  assert.equal(api.log().includes(token) || api.log().includes(SECRET), false);
});

it('lets people in whose tokens are good, though its own clock is an hour off', async () => {
  for (const FAKETIME of ['+1h', '-1h']) {
    const LD_PRELOAD = findTools().faketimeLibrary;
    await using api = await startApi({ LD_PRELOAD, FAKETIME, FAKETIME_DONT_FAKE_MONOTONIC: '1' });
    assert.equal(await api.statusOf('/v1/surplus', await world.token('donor:kitchen')), 200, FAKETIME);
  }
});

it('does not start where nobody could sign in, nor with keys or an address that are none', async () => {
  const wrong: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{ IDENTITY_KEYS: '', JWT_ISSUER_URL: '' }, /Nobody could sign in/],
    [{ IDENTITY_KEYS: '{"keys":["hush-hush"]}' }, /IDENTITY_KEYS must be JSON/],
    [{ PUBLIC_URL: 'http://food.example' }, /PUBLIC_URL must be https/],
    [{ PUBLIC_URL: '' }, /PUBLIC_URL must be the address/],
  ];
  for (const [told, message] of wrong) {
    const env = { ...world.env, PATH: process.env['PATH'], ...told };
    const api = spawn(process.execPath, [MAIN], { stdio: ['ignore', 'ignore', 'pipe'], env });
    let errors = '';
    api.stderr.on('data', (part) => (errors += String(part)));
    const [code] = (await once(api, 'exit')) as [number];
    assert.notEqual(code, 0);
    assert.match(errors, message);
    assert.equal(errors.includes('hush-hush') || errors.includes(SECRET), false);
  }
});

it('does not start without what it needs, and names it without its value', async () => {
  const api = spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], APP_PORT: '1', HANDOVER_SECRET: 'too-short' },
  });
  let errors = '';
  api.stderr.on('data', (part) => (errors += String(part)));
  const [code] = (await once(api, 'exit')) as [number];
  assert.notEqual(code, 0);
  assert.match(errors, /DATABASE_URL/);
  assert.equal(errors.includes('too-short'), false);
});

interface Api extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly url: string;
  readonly log: () => string;
  readonly statusOf: (path: string, token?: string) => Promise<number>;
}

/** The process, ready, beside a sidecar that says it is well. */
async function startApi(told: Record<string, string>): Promise<Api> {
  const dapr = createServer((_, response) => void response.writeHead(204).end());
  await new Promise<void>((resolve) => dapr.listen(0, '127.0.0.1', resolve));
  const [port, DAPR_HTTP_PORT] = [await freePort(), String((dapr.address() as AddressInfo).port)];
  const own = { PATH: process.env['PATH'], APP_PORT: String(port), DAPR_HTTP_PORT, HANDOVER_SECRET: SECRET };
  const env = { ...world.env, ...own, ...told };
  const api = spawn(process.execPath, [MAIN], { stdio: ['ignore', 'pipe', 'inherit'], env });
  let log = '';
  api.stdout.on('data', (part) => (log += String(part)));
  const url = `http://127.0.0.1:${String(port)}`;
  const statusOf = async (path: string, token = ''): Promise<number> =>
    (await fetch(url + path, { headers: { authorization: `Bearer ${token}` } }).catch(() => null))?.status ?? 0;
  const end = async (): Promise<void> => {
    const left = api.exitCode === null && api.signalCode === null ? once(api, 'exit') : null;
    api.kill('SIGKILL');
    await left;
    dapr.closeAllConnections();
    dapr.close();
  };
  try {
    await until('the api is ready', async () => (await statusOf('/readyz')) === 200, 20_000);
  } catch (error) {
    await end();
    throw error;
  }
  return { process: api, url, log: () => log, statusOf, [Symbol.asyncDispose]: end };
}
