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
    await until(() => answersHttp(`http://127.0.0.1:${String(http)}/v1.0/healthz`));
    equal(await preStop(http, 'not the token'), 0);
    equal(daprd.exitCode, null, 'it went without being shown the token');
    equal(await preStop(http, TOKEN), 0);
    const gone = daprd.exitCode ?? (await Promise.race([once(daprd, 'exit'), once(AbortSignal.timeout(500), 'abort')]));
    ok(gone === 0 || (Array.isArray(gone) && gone[0] === 0), 'preStop was over before the sidecar');
  } finally {
    daprd.kill('SIGKILL');
  }
});

async function preStop(daprHttpPort: number, token: string): Promise<number> {
  const host = podsOf(objectsOf('default')).find((pod) => componentOf(pod) === 'actor-host');
  const [program, ...words] = host?.spec.containers[0].lifecycle.preStop.exec.command as string[];
  ok(program === 'node');
  const env = { DAPR_HTTP_PORT: String(daprHttpPort), DAPR_API_TOKEN: token };
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
