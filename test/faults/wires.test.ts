import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, it } from 'node:test';
import { layWires, type Wires } from './wires.ts';

const LARGE = 40_000;
const server = createServer(({ url = '' }, response) => response.end('x'.repeat(Number(url.slice(1)))));
let wires: Wires;

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  wires = await layWires({ postgres: port, redis: port, nats: port }, ['api', 'api-2'], { api: port });
});
after(async () => {
  await wires.stop();
  server.closeAllConnections();
  server.close();
});

/** ms until the answer. @throws without one in time */
async function ask(withinMs = 1_000, name = 'api', server: 'redis' | 'daprd' = 'redis', bytes = 2): Promise<number> {
  const startedMs = performance.now();
  const response = await fetch(`http://127.0.0.1:${String(wires.portsOf(name)[server])}/${String(bytes)}`, {
    headers: { connection: 'close' },
    signal: AbortSignal.timeout(withinMs),
  });
  assert.equal(await response.text(), 'x'.repeat(bytes));
  return performance.now() - startedMs;
}

it('a wire can be narrow, and end in the middle of something', async () => {
  await ask(5_000, 'api', 'redis', LARGE);
  await wires.trickle('redis', 64);
  assert.ok((await ask(10_000, 'api', 'redis', LARGE)) >= 300);
  await wires.heal('redis');
  await wires.truncate('redis', 10_000);
  await assert.rejects(ask(5_000, 'api', 'redis', LARGE), { message: 'terminated' });
  await ask();
  await wires.heal('redis');
  await ask(5_000, 'api', 'redis', LARGE);
});

it('a wire can be slow, silent, cut, and healed', async () => {
  await ask();
  await wires.slow('redis', 150);
  assert.ok((await ask(5_000)) >= 150);
  await wires.heal('redis');
  await wires.silence('redis');
  await assert.rejects(ask(300), { name: 'TimeoutError' });
  await wires.heal('redis');
  await wires.cut('redis');
  await assert.rejects(ask(), { message: 'fetch failed' });
  await wires.heal('redis');
  await ask();
});

it('one process can be cut off alone', async () => {
  await wires.cut('api-2>redis');
  await ask();
  await assert.rejects(ask(1_000, 'api-2'), { message: 'fetch failed' });
  await wires.heal('redis');
  await ask(1_000, 'api-2');
});

it('a process can be cut off from the sidecar beside it', async () => {
  assert.equal(wires.portsOf('api-2').daprd, undefined, 'it calls no cells');
  await ask(1_000, 'api', 'daprd');
  await wires.cut('api>daprd');
  await ask();
  await assert.rejects(ask(1_000, 'api', 'daprd'), { message: 'fetch failed' });
  await wires.heal('api>daprd');
  await ask(1_000, 'api', 'daprd');
});
