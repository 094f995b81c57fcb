import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { after, before, test } from 'node:test';
import { freePort, until } from '../../dev/testing/loopServers.ts';
import { startRedis, type RedisProcess } from '../../dev/testing/placesServers.ts';
import { insertLot, openStage, type Stage } from '../../dev/testing/workerStage.ts';

/** The processes as they are started: environment in, probes out, ended by SIGTERM. */
let stage: Stage;
let redis: RedisProcess;
before(async () => {
  stage = await openStage();
  redis = await startRedis();
});
after(async () => {
  await redis.stop();
  await stage.stop();
});

async function startProcess(
  main: string,
  env: Record<string, string>,
): Promise<{ url: string; child: ChildProcess; logs: () => string }> {
  const port = await freePort();
  const child = spawn(process.execPath, [new URL(main, import.meta.url).pathname], {
    env: { PATH: process.env['PATH'] ?? '', APP_PORT: String(port), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let logs = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (logs += chunk.toString()));
  return { url: `http://127.0.0.1:${String(port)}`, child, logs: () => logs };
}

async function endsWith(child: ChildProcess): Promise<number | null> {
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  return ended;
}

function statusOf(url: string): Promise<number> {
  return fetch(url).then(
    (response) => response.status,
    () => 0,
  );
}

function databaseUrl(): string {
  return String(stage.appPool.options.connectionString);
}

test('the relay process', async () => {
  const relay = await startProcess('../relay/main.ts', { DATABASE_URL: databaseUrl(), NATS_URL: stage.nats.url });
  await until('it is ready', async () => (await statusOf(`${relay.url}/readyz`)) === 200, 15_000).catch(() =>
    assert.fail(relay.logs()),
  );
  assert.equal(await statusOf(`${relay.url}/healthz`), 200);
  assert.match(await (await fetch(`${relay.url}/metrics`)).text(), /relay_slots_held 32/);
  assert.equal(await endsWith(relay.child), 0);
});

test('the worker process plays all roles, and says when it cannot wake a cell', async () => {
  const worker = await startProcess('main.ts', {
    DATABASE_URL: databaseUrl(),
    NATS_URL: stage.nats.url,
    REDIS_URL: redis.url,
    DAPR_HTTP_PORT: String(await freePort()),
    DAPR_API_TOKEN: 'a token of sixteen',
  });
  await until('it is ready', async () => (await statusOf(`${worker.url}/readyz`)) === 200, 15_000).catch(() =>
    assert.fail(worker.logs()),
  );
  await insertLot(stage.pool, { dueInMs: -60_000 });
  const metrics = async (): Promise<string> => (await fetch(`${worker.url}/metrics`)).text();
  await until(
    'the wake fails, for there is no Dapr',
    async () => /worker_wakes_total\{outcome="failed"\} [1-9]/.test(await metrics()),
    15_000,
  );
  assert.match(await metrics(), /worker_overdue_lots 1/);
  await until(
    'the consumers are there',
    async () => /worker_consumer_depth\{consumer="notify"\} 0/.test(await metrics()),
    15_000,
  );
  assert.match(await metrics(), /worker_consumer_oldest_seconds\{consumer="escalate"\} 0/);
  assert.equal(await endsWith(worker.child), 0);
});

test('a missing variable is named, and no value is shown', async () => {
  const worker = await startProcess('main.ts', { NATS_URL: 'nats://secret@host' });
  const code = await new Promise((resolve) => worker.child.once('exit', resolve));
  assert.notEqual(code, 0);
  assert.match(worker.logs(), /DATABASE_URL/);
  assert.doesNotMatch(worker.logs(), /secret@host/);
});
