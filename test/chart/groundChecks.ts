/** k8s/dapr-values.yaml, rendered with Dapr's own chart: the Go module of the version the stack runs has it. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { placementSpec } from '../../dev/stack/infrastructure/dapr.ts';
import { CHECKOUT } from '../../dev/stack/tools.ts';
import { type Rendered, run } from './rendered.ts';

const objects = dapr();

describe('the ground', () => {
  it('has a placement that finds who is gone as fast as the one of the stack', async () => {
    const spec = await placementSpec({ bin: '', dir: '', portOf: async () => 1, tokens: { api: '', app: '' } });
    const placement = find('StatefulSet', 'dapr-placement-server').spec.template.spec.containers[0];
    for (const flag of ['--keepalive-time', '--keepalive-timeout', '--disseminate-timeout']) {
      const inStack = spec.command.find((word) => word.startsWith(`${flag}=`));
      ok([...placement.command, ...placement.args].includes(inStack), `${String(inStack)} is not in Dapr's placement`);
    }
  });
  it('has three of each, and mutual TLS', () => {
    equal(find('StatefulSet', 'dapr-placement-server').spec.replicas, 3);
    equal(find('Deployment', 'dapr-sentry').spec.replicas, 3);
    deepEqual(find('Configuration', 'daprsystem').spec.mtls.enabled, true);
  });
  it('injects sidecars that restricted pod security lets in, or no pod is made', () => {
    const injector = find('Deployment', 'dapr-sidecar-injector').spec.template.spec.containers[0];
    const told = Object.fromEntries(injector.env.map(({ name, value }: Record<string, string>) => [name, value]));
    equal(told['SIDECAR_RUN_AS_NON_ROOT'], 'true');
    equal(told['SIDECAR_READ_ONLY_ROOT_FILESYSTEM'], 'true');
    equal(told['SIDECAR_DROP_ALL_CAPABILITIES'], 'true');
    const { webhooks } = find('MutatingWebhookConfiguration', 'dapr-sidecar-injector') as never as {
      webhooks: { failurePolicy: string }[];
    };
    deepEqual(
      webhooks.map(({ failurePolicy }) => failurePolicy),
      ['Fail'],
    );
  });
});

function dapr(): Rendered[] {
  const asked = ['list', '-m', '-f', '{{.Dir}}', 'github.com/dapr/dapr'];
  const module = spawnSync('go', asked, { cwd: join(CHECKOUT, 'dev', 'tools'), encoding: 'utf8' }).stdout.trim();
  if (module === '') throw new Error('Dapr’s module is not here: cd dev/tools && go mod download github.com/dapr/dapr');
  const values = join(CHECKOUT, 'k8s', 'dapr-values.yaml');
  const answer = run('template', 'dapr', join(module, 'charts', 'dapr'), '-n', 'dapr-system', '--values', values);
  if (!answer.ok) throw new Error(answer.stderr);
  return parseAllDocuments(answer.stdout).map((document) => document.toJS() as Rendered);
}

function find(kind: string, name: string): Rendered {
  const found = objects.find((each) => each.kind === kind && each.metadata.name === name);
  if (!found) throw new Error(`no ${kind} ${name}`);
  return found;
}
