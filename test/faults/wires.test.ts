import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, it } from 'node:test';
import { layWires, type Heal, type Wires } from './wires.ts';

const LARGE = 40_000;
let asked = 0;
const server = createServer(({ url = '' }, response) => {
  asked++;
  response.end('x'.repeat(Number(url.slice(1))));
});
let wires: Wires;
let heal: Heal;

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  wires = await layWires([
    { from: 'api', to: 'redis', port },
    { from: 'api-2', to: 'redis', port },
    { from: 'api', to: 'daprd', port },
    { from: 'api.daprd', to: 'placement', port },
  ]);
});
after(async () => {
  await wires.stop();
  server.closeAllConnections();
  server.close();
});

/** ms until the answer. @throws without one in time */
async function ask(withinMs = 1_000, name = 'api', server = 'redis', bytes = 2): Promise<number> {
  const startedMs = performance.now();
  const response = await fetch(`http://127.0.0.1:${String(wires.portOf(name, server))}/${String(bytes)}`, {
    headers: { connection: 'close' },
    signal: AbortSignal.timeout(withinMs),
  });
  assert.equal(await response.text(), 'x'.repeat(bytes));
  return performance.now() - startedMs;
}

it('a wire can be narrow, and end in the middle of something', async () => {
  await ask(5_000, 'api', 'redis', LARGE);
  heal = await wires.trickle('redis', 64);
  assert.ok((await ask(10_000, 'api', 'redis', LARGE)) >= 300);
  await heal();
  heal = await wires.truncate('redis', 10_000);
  await assert.rejects(ask(5_000, 'api', 'redis', LARGE), { message: 'terminated' });
  await ask();
  await heal();
  await ask(5_000, 'api', 'redis', LARGE);
});

it('what is sent over a wire can come in pieces, or end in a reset', async () => {
  heal = await wires.slice('redis', 8);
  // some five thousand pieces, each a while after the one before
  assert.ok((await ask(30_000, 'api', 'redis', LARGE)) >= 200);
  await heal();
  heal = await wires.reset('redis', 0);
  await assert.rejects(ask(5_000, 'api', 'redis', LARGE), ({ cause }: { cause: NodeJS.ErrnoException }) => {
    assert.equal(cause.code, 'ECONNRESET');
    return true;
  });
  await heal();
  await ask();
});

it('a wire can be slow, silent, cut, and healed', async () => {
  await ask();
  heal = await wires.slow('redis', 150);
  assert.ok((await ask(5_000)) >= 150);
  await heal();
  heal = await wires.silence('redis');
  await assert.rejects(ask(300), { name: 'TimeoutError' });
  await heal();
  heal = await wires.cut('redis');
  await assert.rejects(ask(), { message: 'fetch failed' });
  await heal();
  await ask();
});

it('a wire can lose what is answered, and nothing of what is asked', async () => {
  const before = asked;
  heal = await wires.deafen('redis');
  const url = `http://127.0.0.1:${String(wires.portOf('api', 'redis'))}/2`;
  // over a connection that stays: the end of one would be told
  await assert.rejects(fetch(url, { signal: AbortSignal.timeout(300) }), { name: 'TimeoutError' });
  assert.equal(asked, before + 1);
  await heal();
  await ask();
});

it('one process can be cut off alone', async () => {
  heal = await wires.cut('api-2>redis');
  await ask();
  await assert.rejects(ask(1_000, 'api-2'), { message: 'fetch failed' });
  await heal();
  await ask(1_000, 'api-2');
});

it('a process can be cut off from the sidecar beside it, and that from placement', async () => {
  assert.throws(() => wires.portOf('api-2', 'daprd'), /no wire leads from api-2 to daprd/);
  await assert.rejects(wires.cut('api-2>daprd'), /no wire api-2>daprd/);
  await ask(1_000, 'api', 'daprd');
  heal = await wires.cut('api>daprd');
  await ask();
  await assert.rejects(ask(1_000, 'api', 'daprd'), { message: 'fetch failed' });
  await heal();
  await ask(1_000, 'api', 'daprd');
  heal = await wires.cut('api.daprd>placement');
  await ask(1_000, 'api', 'daprd');
  await assert.rejects(ask(1_000, 'api.daprd', 'placement'), { message: 'fetch failed' });
  await heal();
});

it('what hurts one wire at once is taken back one by one', async () => {
  const slow = await wires.slow('redis', 150);
  const slower = await wires.slow('redis', 1_000);
  const cut = await wires.cut('redis');
  const alone = await wires.cut('api>redis');
  await cut();
  await assert.rejects(ask(), { message: 'fetch failed' });
  assert.ok((await ask(5_000, 'api-2')) >= 1_150);
  await alone();
  await slower();
  const tookMs = await ask(5_000);
  // by half as much more or less, each way
  assert.ok(tookMs >= 150 && tookMs < 1_000, `${String(tookMs)} ms`);
  await slow();
  assert.ok((await ask()) < 150);
});
