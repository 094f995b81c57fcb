import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { until } from '../../../dev/testing/until.ts';
import { connectBus } from './bus.ts';

const INFO = JSON.stringify({ server_id: 'x', version: '2.15.2', proto: 1, max_payload: 1_048_576, headers: true });

test('a server that lets nobody in for a while is asked again until it does', async (t) => {
  let refused = 0;
  let isRefusing = false;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.write(`INFO ${INFO}\r\n`);
    socket.on('data', (bytes) => {
      if (!bytes.includes('PING\r\n')) return;
      if (!isRefusing) return void socket.write('PONG\r\n');
      refused++;
      socket.end("-ERR 'Authorization Violation'\r\n");
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const bus = await connectBus({ url: `nats://127.0.0.1:${String(port)}`, name: 'test' });
  t.after(async () => {
    await bus.connection.close();
    server.close();
  });
  isRefusing = true;
  for (const each of sockets) each.destroy();
  await until('it was refused more than once', () => Promise.resolve(refused > 2), 10_000);
  assert.equal(bus.isConnected(), false);
  isRefusing = false;
  await until('it is there again', () => Promise.resolve(bus.isConnected()), 10_000);
});
