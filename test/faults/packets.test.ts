import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { after, before, it } from 'node:test';
import { watchPackets, type Packets } from './packets.ts';

const packets = watchPackets();
const options = 'because' in packets ? { skip: packets.because } : {};
const server = createServer((socket) => socket.on('data', (asked) => socket.write(asked)).on('error', () => undefined));
let port: number;
before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
after(() => {
  server.close();
  (packets as Partial<Packets>).stop?.();
});

async function connected(): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

/** @throws when no answer comes in time */
async function ask(socket: Socket, withinMs: number): Promise<void> {
  socket.write('?');
  await once(socket, 'data', { signal: AbortSignal.timeout(withinMs) });
}

it(
  'a connection that is forgotten hears nothing any more, and is told nothing; a new one is as always',
  options,
  async () => {
    const forgotten = await connected();
    await ask(forgotten, 5_000);
    (packets as Packets).forget([port]);
    await assert.rejects(ask(forgotten, 700), { name: 'AbortError' });
    const fresh = await connected();
    await ask(fresh, 5_000);
    assert.ok(!forgotten.destroyed && forgotten.readyState === 'open');
    fresh.destroy();
    forgotten.destroy();
  },
);

it('where packets are lost they are sent again, until no fault loses any', options, async () => {
  const heals = [(packets as Packets).lose([port]), (packets as Packets).lose([port])];
  const socket = await connected();
  const slow = async (): Promise<number> => {
    let slowest = 0;
    for (let n = 0; n < 60; n++) {
      const startedMs = performance.now();
      await ask(socket, 10_000);
      slowest = Math.max(slowest, performance.now() - startedMs);
    }
    return slowest;
  };
  // sixty questions and answers: none is lost once in 310,000 runs
  await heals[0]?.();
  assert.ok((await slow()) > 150, 'sent again after 0.2 s');
  await heals[1]?.();
  await slow();
  socket.destroy();
});
