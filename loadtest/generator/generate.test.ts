import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it } from 'node:test';
import { generate, percentile, steadily } from './generate.ts';
import type { Plan, Seen } from './plan.ts';

async function against(listener: RequestListener, plan: Partial<Plan>): Promise<Seen> {
  const server = createServer(listener);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const head = ['POST / HTTP/1.1', 'host: x', 'content-length: 2', ''].join('\r\n');
  const targets = [{ head, body: '{}' }];
  const arrivalsMs = new Float64Array(10);
  const given = {
    port,
    targets,
    keyPrefix: 'k',
    connections: 1,
    durationMs: 100,
    arrivalsMs,
    timeoutMs: 5_000,
    lookFor: 'yes',
  };
  const seen = await generate({ ...given, ...plan });
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  return seen;
}

it('a slow answer does not hide the requests that waited behind it', async () => {
  const keys: unknown[] = [];
  const seen = await against((request, response) => {
    keys.push(request.headers['idempotency-key']);
    setTimeout(() => response.end('yes'), 50);
  }, {});
  assert.deepEqual(seen.statuses, { 200: 10 });
  assert.equal(seen.found, 10);
  assert.deepEqual(
    keys,
    Array.from({ length: 10 }, (_, n) => `k-${String(n)}`),
  );
  // all ten were due at once on one connection: the last waited for nine others
  assert.ok(percentile(seen.latenciesMs, 1) >= 450, `last after ${String(percentile(seen.latenciesMs, 1))} ms`);
  assert.ok(seen.doneInTime <= 2, 'what came after the end does not count as done in time');
});

it('no answer is told as late, with its whole wait', async () => {
  const seen = await against(() => undefined, { connections: 10, timeoutMs: 200 });
  assert.equal(seen.timedOut, 10);
  assert.ok(percentile(seen.latenciesMs, 0) >= 180);
});

it('what refusals say in their header is counted, also that they say nothing', async () => {
  let n = 0;
  const seen = await against((_, response) => {
    if (n++ % 2 === 0) response.setHeader('Retry-After', '3');
    response.statusCode = 503;
    response.end();
  }, {});
  assert.deepEqual(seen.retryAfterSeconds, { 0: 5, 3: 5 });
});

it('arrivals at a rate', () => {
  assert.deepEqual([...steadily(4, 1_000)], [0, 250, 500, 750]);
});
