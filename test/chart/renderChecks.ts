/** What the objects say to each other, and to the stack that runs without Kubernetes. */
import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { sidecarSpec } from '../../dev/stack/infrastructure/dapr.ts';
import { asked, CHART, componentOf, objectsOf, podsOf, type Rendered, template, VALUE_SETS } from './rendered.ts';

it('there are a dozen value sets at least', () => {
  ok(VALUE_SETS.length >= 12);
});

it('ci/production.yaml is values-production.yaml', () => {
  const [here, there] = ['ci/production.yaml', 'values-production.yaml'];
  equal(readFileSync(join(CHART, here), 'utf8'), readFileSync(join(CHART, there), 'utf8'));
});

it('what is packed holds neither the suites nor the value sets of the tests', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pahlawan-chart-'));
  execFileSync(asked('HELM'), ['package', CHART, '--destination', folder]);
  const [archive = ''] = readdirSync(folder);
  const files = execFileSync('tar', ['-tzf', join(folder, archive)], { encoding: 'utf8' }).split('\n');
  rmSync(folder, { recursive: true });
  ok(files.includes('pahlawan-pangan/templates/tests/ready.yaml'));
  deepEqual(
    files.filter((file) => /^pahlawan-pangan\/(tests|ci)\//.test(file)),
    [],
  );
});

for (const valueSet of VALUE_SETS)
  describe(`objects of ${valueSet}`, () => {
    const objects = objectsOf(valueSet);
    it('are the same, byte by byte, when rendered again', () => {
      equal(template(valueSet).stdout, template(valueSet).stdout);
    });
    it('have names of their own', () => {
      const names = objects.map(({ kind, metadata }) => `${kind}/${String(metadata.name)}`);
      equal(new Set(names).size, names.length);
    });
    it('are no Secrets', () => {
      deepEqual(
        objects.filter(({ kind }) => kind === 'Secret'),
        [],
      );
    });
  });

describe('Dapr', () => {
  it('has the policy of the stack', () => {
    const inStack = parse(readFileSync(join(CHART, 'files', 'dapr', 'resiliency.yaml'), 'utf8')) as Rendered;
    deepEqual(only(objectsOf('default'), 'Resiliency').spec, inStack.spec);
  });
  it('has the configuration of the stack', () => {
    const file = join(CHART, '../../dev/stack/infrastructure/daprConfig.yaml');
    const inStack = parse(readFileSync(file, 'utf8')) as Rendered;
    deepEqual(only(objectsOf('default'), 'Configuration').spec, inStack.spec);
  });
  it('reloads nothing, so the pods are others when its objects are', () => {
    const marks = ['default', 'monitored'].map(
      (valueSet) => deployment(valueSet, 'actor-host').annotations['pahlawan-pangan/dapr-objects'],
    );
    for (const mark of marks) match(String(mark), /^[0-9a-f]{64}$/);
    notEqual(marks[0], marks[1]);
  });
  it('runs the sidecars with the variables of the stack', async () => {
    const tokens = { api: 'api', app: 'app' };
    const options = { bin: '', dir: '', portOf: async () => 8080, tokens, beside: 'api', appId: 'api' };
    const { env } = await sidecarSpec(options);
    const pairs = String(deployment('default', 'api').annotations['dapr.io/env']).split(',');
    ok(pairs.length > 1);
    for (const [name = '', value] of pairs.map((pair) => pair.split('='))) equal(env?.[name], value, name);
  });
  it('watches the app with the numbers of the stack', async () => {
    const tokens = { api: 'api', app: 'app' };
    const spec = await sidecarSpec({ bin: '', dir: '', portOf: async () => 8080, tokens, beside: 'api', appId: 'api' });
    const flags = [
      'app-id',
      'app-port',
      'app-protocol',
      'app-health-check-path',
      'app-health-probe-interval',
      'app-health-probe-timeout',
      'app-health-threshold',
    ];
    const { annotations } = deployment('default', 'api');
    for (const flag of flags) ok(spec.command.includes(`--${flag}=${String(annotations[`dapr.io/${flag}`])}`), flag);
    ok(spec.command.includes('--enable-app-health-check'));
    equal(annotations['dapr.io/enable-app-health-check'], 'true');
    const graceful = String(annotations['dapr.io/graceful-shutdown-seconds']);
    ok(spec.command.includes(`--dapr-graceful-shutdown-seconds=${graceful}`));
  });
  it('shows a process the token it expects, and is shown its own', () => {
    const { annotations, spec } = deployment('own-secrets', 'actor-host');
    const refs = Object.fromEntries(
      spec.containers[0].env.map((each: { name: string; valueFrom?: { secretKeyRef: object } }) => [
        each.name,
        each.valueFrom?.secretKeyRef,
      ]),
    );
    deepEqual(refs['APP_API_TOKEN'], { name: annotations['dapr.io/app-token-secret'], key: 'token' });
    deepEqual(refs['DAPR_API_TOKEN'], { name: annotations['dapr.io/api-token-secret'], key: 'token' });
  });
  it('is not beside the relay, and once by each name', () => {
    equal(deployment('default', 'relay').annotations['dapr.io/enabled'], undefined);
    const ids = podsOf(objectsOf('split-worker')).flatMap(({ annotations }) => annotations['dapr.io/app-id'] ?? []);
    equal(new Set(ids).size, ids.length);
  });
});

describe('who leaves first', () => {
  it('an actor host: its sidecar, which nothing holds back', () => {
    const { annotations, spec } = deployment('default', 'actor-host');
    equal(annotations['dapr.io/block-shutdown-duration'], undefined);
    match(spec.containers[0].lifecycle.preStop.exec.command.at(-1), /v1\.0\/shutdown/);
  });
  it('api and worker: the process; its sidecar waits, and the pod longer than both', () => {
    for (const [valueSet, component] of [
      ['default', 'api'],
      ['slow-drain', 'api'],
      ['default', 'worker'],
    ] as const) {
      const { annotations, spec } = deployment(valueSet, component);
      const blockedSeconds = Number.parseInt(annotations['dapr.io/block-shutdown-duration'] ?? '', 10);
      const drain = spec.containers[0].env.find(({ name }: { name: string }) => name === 'DRAIN_SECONDS');
      ok(blockedSeconds > Number(drain?.value ?? 0));
      ok(spec.terminationGracePeriodSeconds > blockedSeconds + 2);
      equal(spec.containers[0].lifecycle, undefined);
    }
  });
});

describe('autoscaling', () => {
  it('behaves alike with both', () => {
    const keda = only(objectsOf('keda-small'), 'ScaledObject').spec;
    const hpa = only(objectsOf('hpa'), 'HorizontalPodAutoscaler').spec;
    deepEqual(keda.advanced.horizontalPodAutoscalerConfig.behavior, hpa.behavior);
    deepEqual([hpa.minReplicas, hpa.maxReplicas], [1, 3]);
    deepEqual(hpa.behavior.scaleUp.policies, [
      { type: 'Percent', value: 100, periodSeconds: 60 },
      { type: 'Pods', value: 50, periodSeconds: 60 },
    ]);
    equal(hpa.behavior.scaleDown.stabilizationWindowSeconds, 300);
    deepEqual([hpa.behavior.scaleUp.stabilizationWindowSeconds, hpa.behavior.scaleUp.selectPolicy], [0, 'Max']);
    deepEqual(hpa.behavior.scaleDown.policies, [{ type: 'Percent', value: 10, periodSeconds: 60 }]);
    deepEqual(
      only(objectsOf('production'), 'ScaledObject').spec.advanced.horizontalPodAutoscalerConfig.behavior,
      hpa.behavior,
    );
  });
  it('behaves otherwise when told so: with windows a test can wait for', () => {
    const { scaleDown } = only(objectsOf('brisk'), 'ScaledObject').spec.advanced.horizontalPodAutoscalerConfig.behavior;
    deepEqual(scaleDown, {
      stabilizationWindowSeconds: 30,
      policies: [{ type: 'Percent', value: 10, periodSeconds: 10 }],
    });
  });
});

it('our processes know the collector of traces where there is one, and may reach it', () => {
  const told = (valueSet: string): unknown[] =>
    podsOf(objectsOf(valueSet))
      .filter((pod) => ['api', 'actor-host', 'relay', 'worker'].includes(componentOf(pod)))
      .map(({ spec }) =>
        (spec.containers[0].env as { name: string; value?: string }[])
          .filter(({ name }) => name.startsWith('OTEL_'))
          .map(({ value }) => value),
      );
  const endpoint = 'http://otel-collector.tracing:4318';
  deepEqual(told('monitored'), Array(4).fill([endpoint, '0.1']));
  deepEqual(told('default'), Array(4).fill([]));
  const reaching = objectsOf('monitored').filter(
    ({ kind, spec }) => kind === 'NetworkPolicy' && JSON.stringify(spec.egress ?? []).includes('4318'),
  );
  equal(reaching.length, 4);
});

describe('alerts and dashboards', () => {
  const file = (name: string): string => readFileSync(join(CHART, 'files', name), 'utf8');
  it('are those of the stack, word for word', () => {
    deepEqual(only(objectsOf('default'), 'PrometheusRule').spec, parse(file('alerts.yaml')));
    const maps = objectsOf('monitored').filter(({ kind }) => kind === 'ConfigMap');
    equal(maps.length, globSync(join(CHART, 'files', 'dashboards', '*.json')).length);
    for (const { metadata, data } of maps as unknown as { metadata: never; data: Record<string, string> }[]) {
      equal(metadata['labels']['grafana_dashboard'], '1');
      for (const [name, text] of Object.entries(data)) equal(text.trim(), file(join('dashboards', name)).trim());
    }
  });
  it('lead to where the runbooks are', () => {
    const { spec } = only(objectsOf('monitored'), 'PrometheusRule');
    const urls = [...JSON.stringify(spec).matchAll(/"runbook_url":"([^"]*)"/g)].map(([, url]) => url);
    ok(urls.length >= 12);
    for (const url of urls) match(String(url), /^https:\/\/runbooks\.example\/docs\/runbooks\/[a-z-]+\.md$/);
  });
  it('are there only where they are wanted', () => {
    equal(objectsOf('default').filter(({ kind }) => kind === 'ConfigMap').length, 0);
    ok(!template('default', '--set', 'alerts.enabled=false').stdout.includes('kind: PrometheusRule'));
  });
  it('know processes by the labels that the scrape gives them', () => {
    const { jobLabel, targetLabels } = only(objectsOf('default'), 'ServiceMonitor').spec;
    deepEqual([jobLabel, targetLabels], ['app.kubernetes.io/component', ['app.kubernetes.io/name']]);
    const labelled = objectsOf('default').filter(({ kind }) => kind === 'Service');
    deepEqual(labelled.map(({ metadata }) => metadata.labels['app.kubernetes.io/component']).sort(), [
      'actor-host',
      'api',
      'relay',
      'worker',
    ]);
    for (const { metadata } of labelled) equal(metadata.labels['app.kubernetes.io/name'], 'pahlawan-pangan');
  });
});

it('each pod is closed but for its own servers', () => {
  const policies = objectsOf('notifications').filter(({ kind }) => kind === 'NetworkPolicy');
  const reached = Object.fromEntries(
    policies
      .filter(({ metadata }) => String(metadata.name).endsWith('-servers'))
      .map(({ spec }) => [
        spec.podSelector.matchLabels['app.kubernetes.io/component'],
        spec.egress.map((rule: { ports: { port: number }[] }) => rule.ports[0]?.port),
      ]),
  );
  deepEqual(reached, {
    api: [5432, 6379, 4222, 443],
    'actor-host': [5432, 6379, 4222],
    relay: [5432, 4222],
    worker: [5432, 6379, 4222, 443],
    migrate: [5432],
  });
  const deny = policies.find(({ metadata }) => String(metadata.name).endsWith('default-deny'));
  deepEqual(deny?.spec.policyTypes, ['Ingress', 'Egress']);
  equal(deny.spec.ingress, undefined);
});

function only(objects: readonly Rendered[], kind: string): Rendered {
  const [found, ...others] = objects.filter((each) => each.kind === kind);
  if (!found || others.length > 0) throw new Error(`${String(others.length + (found ? 1 : 0))} of kind ${kind}`);
  return found;
}

function deployment(valueSet: string, component: string): ReturnType<typeof podsOf>[number] {
  const [found] = podsOf(objectsOf(valueSet)).filter((pod) => componentOf(pod) === component);
  if (!found) throw new Error(`no ${component} in ${valueSet}`);
  return found;
}
