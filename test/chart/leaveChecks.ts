/** The actor host's preStop, played against a real sidecar. */
import { equal, ok } from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { it } from 'node:test';
import { freePort } from '../../dev/stack/ports.ts';
import { answersHttp } from '../../dev/stack/infrastructure/probes.ts';
import { findTools } from '../../dev/stack/tools.ts';
import { until } from '../../dev/testing/until.ts';
import { componentOf, objectsOf, podsOf } from './rendered.ts';

const TOKEN = 'a token of at least sixteen characters';

it('a host that leaves ends its sidecar, and waits until it is gone', async () => {
  const http = await freePort();
  const daprd = await startDaprd(http);
  try {
    await until('the sidecar answers', () => answers(http));
    equal(await preStop(http), 0);
    equal(await answers(http), false);
    await until('the sidecar has ended', () => daprd.exitCode !== null, 1_000);
    equal(daprd.exitCode, 0);
  } finally {
    daprd.kill('SIGKILL');
  }
});

it('a host whose sidecar is gone already does not wait', async () => {
  const started = performance.now();
  equal(await preStop(await freePort()), 0);
  ok(performance.now() - started < 5_000);
});

const answers = (port: number): Promise<boolean> =>
  answersHttp(`http://127.0.0.1:${String(port)}/v1.0/healthz/outbound`).then(
    () => true,
    () => false,
  );

async function preStop(daprHttpPort: number): Promise<number> {
  const host = podsOf(objectsOf('default')).find((pod) => componentOf(pod) === 'actor-host');
  const [program, ...words] = host?.spec.containers[0].lifecycle.preStop.exec.command as string[];
  ok(program === 'node');
  const env = { DAPR_HTTP_PORT: String(daprHttpPort), DAPR_API_TOKEN: TOKEN };
  const [code] = (await once(spawn(process.execPath, words, { env, stdio: 'inherit' }), 'exit')) as [number];
  return code;
}

async function startDaprd(http: number): Promise<ChildProcess> {
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  const [grpc, internal, metrics] = ports.map(String);
  const words = ['--app-id=leaver', `--dapr-http-port=${String(http)}`, `--dapr-grpc-port=${String(grpc)}`];
  words.push(`--dapr-internal-grpc-port=${String(internal)}`, `--metrics-port=${String(metrics)}`);
  words.push('--dapr-graceful-shutdown-seconds=2', '--dapr-listen-addresses=127.0.0.1', '--log-level=error');
  const env = { DAPR_HOST_IP: '127.0.0.1', DAPR_API_TOKEN: TOKEN };
  return spawn(join(findTools().daprBin, 'daprd'), words, { env, stdio: 'ignore' });
}
