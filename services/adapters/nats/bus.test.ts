import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { until } from '../../../dev/testing/until.ts';
import { connectBus, type Bus } from './bus.ts';

const INFO = JSON.stringify({ server_id: 'x', version: '2.15.2', proto: 1, max_payload: 1_048_576, headers: true });

interface Greeter {
  readonly bus: Bus;
  /** everybody who ever came, the newest last */
  readonly sockets: readonly Socket[];
}

/** What greets as NATS does. @returns its port, and everybody who ever came, the newest last */
async function greet(
  t: TestContext,
  onPing: (socket: Socket) => boolean,
): Promise<{ port: number; sockets: readonly Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.write(`INFO ${INFO}\r\n`);
    socket.on('data', (bytes) => {
      if (bytes.includes('PING\r\n') && !onPing(socket)) socket.write('PONG\r\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const each of sockets) each.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sockets };
}

/** Connected to it. @param onPing may answer otherwise than with a pong, and then says true */
async function greeted(t: TestContext, onPing: (socket: Socket) => boolean = () => false): Promise<Greeter> {
  const { port, sockets } = await greet(t, onPing);
  const bus = await connectBus({ url: `nats://127.0.0.1:${String(port)}`, name: 'test' });
  t.after(() => bus.connection.close());
  return { bus, sockets };
}

test('of several servers one where JetStream answers nobody is left for another', async (t) => {
  const servers = await Promise.all([greet(t, () => false), greet(t, () => false)]);
  const url = servers.map(({ port }) => `nats://127.0.0.1:${String(port)}`).join(',');
  const bus = await connectBus({ url, name: 'test', askEveryMs: 100 });
  t.after(() => bus.connection.close());
  assert.equal(servers.filter(({ sockets }) => sockets.length > 0).length, 1);
  await until('the other was dialled', () => servers.every(({ sockets }) => sockets.length > 0), 20_000);
  await until('it is connected', () => bus.isConnected());
});

test('a server that lets nobody in for a while is asked again until it does', async (t) => {
  let refused = 0;
  let isRefusing = false;
  const { bus, sockets } = await greeted(t, (socket) => {
    if (!isRefusing) return false;
    refused++;
    socket.end("-ERR 'Authorization Violation'\r\n");
    return true;
  });
  isRefusing = true;
  for (const each of sockets) each.destroy();
  await until('it was refused more than once', () => refused > 2, 10_000);
  assert.equal(bus.isConnected(), false);
  isRefusing = false;
  await until('it is there again', () => bus.isConnected(), 10_000);
});

test('who takes nothing any more is left, whatever was still to be sent to him', async (t) => {
  const { bus, sockets } = await greeted(t);
  sockets[0]?.pause();
  for (let n = 0; n < 64; n++) bus.connection.publish('much', Buffer.alloc(512 * 1_024));
  await until('another connection', () => sockets.length > 1 && bus.isConnected(), 20_000);
});

test('a clock that went back holds up no dial', async (t) => {
  const { bus, sockets } = await greeted(t);
  const { now } = Date;
  let aheadMs = 3_600_000;
  t.mock.method(Date, 'now', () => now() + aheadMs);
  const again = async (): Promise<void> => {
    const before = sockets.length;
    for (const each of sockets) each.destroy();
    await until('dialled', () => sockets.length > before && bus.isConnected(), 5_000);
  };
  await again();
  aheadMs = 0;
  await again();
});
