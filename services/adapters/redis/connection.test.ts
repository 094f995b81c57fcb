import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { after, before, it } from 'node:test';
import { startRedis, type RedisProcess } from '../../../dev/testing/servers.ts';
import { undoing } from '../../../dev/testing/undoing.ts';
import { until } from '../../../dev/testing/until.ts';
import { connectRedis } from './connection.ts';

let server: RedisProcess;
const undo = undoing();
before(async () => {
  server = undo.after(await startRedis(true), (it) => it.stop());
});
after(() => undo.all());

/** A way to Redis whose flows can be forgotten, as by a moved address or a router that starts anew: no end is ever told, and new ones go through. */
async function openWay(
  from = server.url,
): Promise<{ url: string; leadTo(url: string): void; forget(): void; close(): void }> {
  let to = Number(new URL(from).port);
  const flows = new Set<readonly [Socket, Socket]>();
  const way = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    for (const socket of [near, far]) socket.on('error', () => undefined);
    flows.add([near, far]);
    near.pipe(far);
    far.pipe(near);
  });
  way.listen(0, '127.0.0.1');
  await once(way, 'listening');
  return {
    url: `redis://127.0.0.1:${String((way.address() as AddressInfo).port)}`,
    leadTo: (url) => void (to = Number(new URL(url).port)),
    forget: () => {
      for (const [near, far] of flows) {
        near.unpipe().resume();
        far.unpipe().resume();
      }
    },
    close: () => {
      for (const socket of [...flows].flat()) socket.destroy();
      way.close();
    },
  };
}

it('a connection that nobody answers any more is given up for a new one', async () => {
  const way = undo.after(await openWay(), (it) => it.close());
  const redis = undo.after(connectRedis(way.url, { name: 'forgotten' }), (it) => it.stop());
  await redis.whenReady(5_000);
  await redis.client.set('a', 'b');
  way.forget();
  await assert.rejects(redis.client.get('a'), /timed out/);
  const isBack = (): Promise<boolean> =>
    redis.client.get('a').then(
      (value) => value === 'b',
      () => false,
    );
  await until('it answers again', isBack, 5_000);
  assert.notEqual(redis.runId(), null);
});

it('a server that has become the replica of another is left for who is the primary now', async () => {
  const [one, other] = [await startRedis(true), await startRedis(true)];
  for (const each of [one, other]) undo.after(each, (it) => it.stop());
  const way = undo.after(await openWay(one.url), (it) => it.close());
  const [redis, first, next] = [way.url, one.url, other.url].map((url) =>
    undo.after(connectRedis(url, { name: 'failover' }), (it) => it.stop()),
  );
  for (const each of [redis, first, next]) await each?.whenReady(5_000);
  const [before, after] = [first?.runId(), next?.runId()];
  assert.equal(redis?.runId(), before);
  const { hostname, port } = new URL(other.url);
  await first?.client.replicaof(hostname, Number(port));
  way.leadTo(other.url);
  await until('the primary is found', () => redis?.runId() === after, 10_000);
  assert.notEqual(before, after);
});

it('one that nobody asks anything stays', async () => {
  const redis = undo.after(connectRedis(server.url, { name: 'quiet', commandTimeoutMs: 50 }), (it) => it.stop());
  await redis.whenReady(5_000);
  let ended = 0;
  redis.client.on('close', () => ended++);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.equal(await redis.client.ping(), 'PONG');
  assert.equal(ended, 0);
});
