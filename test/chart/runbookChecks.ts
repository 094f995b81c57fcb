/** What the runbooks paste into a cluster names what the chart makes there, installed by charts/README.md. */
import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { CHECKOUT } from '../../dev/stack/tools.ts';
import { runbooks } from '../alerts/runbooks.ts';
import { commandsOf, type Told } from './kubectlWords.ts';
import { CHART, componentOf, type Pod, podsOf, type Rendered, run } from './rendered.ts';

const [RELEASE, NAMESPACE] = ['pahlawan', 'rescue'];
const PRODUCTION = ['--values', join(CHART, 'values-production.yaml')];
/** Where the chart's ground is: k8s/README.md tells an operator so. */
const ELSEWHERE = ['databases', 'messaging', 'routing', 'dapr-system', 'monitoring'];
/** How kubectl calls them, and how the objects call themselves; pods and slices are made of others. */
const KINDS: Record<string, string> = {
  pod: 'Pod',
  deployment: 'Deployment',
  servicemonitor: 'ServiceMonitor',
  endpointslice: 'Service',
  scaledobject: 'ScaledObject',
  // of the ScaledObject, whose labels and name KEDA gives it
  hpa: 'ScaledObject',
  networkpolicy: 'NetworkPolicy',
  secret: 'Secret',
};

const objects = render(PRODUCTION);
const pods = podsOf(objects);

function render(words: readonly string[]): Rendered[] {
  const answer = helm(words);
  ok(answer.ok, answer.stderr);
  return parseAllDocuments(answer.stdout).map((document) => document.toJS() as Rendered);
}

function helm(words: readonly string[]): ReturnType<typeof run> {
  const known = ['--api-versions', 'monitoring.coreos.com/v1'];
  return run('template', RELEASE, CHART, '--namespace', NAMESPACE, ...known, ...words);
}

let seen = 0;
for (const { name, blocks } of runbooks())
  describe(`what ${name} says to a cluster`, () => {
    const told = blocks.flatMap(({ where, commands }) => commandsOf(commands).map((each) => ({ where, ...each })));
    for (const each of told)
      it(each.line, () => {
        seen++;
        equal(each.where, 'kubernetes', 'it stands under other words than Kubernetes');
        deepEqual(each.line.match(/<[a-z]+>/g), null, 'a gap to be filled in by hand');
        if (each.program === 'helm') upgrades(each);
        else names(each);
      });
  });

it('that is much', () => {
  ok(seen > 40, String(seen));
});

/** Taken by the chart, and of effect: on production's sizes, or on the small ones. */
function upgrades({ words }: Told): void {
  deepEqual(words.slice(0, 6), ['upgrade', RELEASE, 'charts/pahlawan-pangan', '-n', NAMESPACE, '--reuse-values']);
  const sets = words.slice(6);
  const changes = [PRODUCTION, []].map((sizes) => {
    const answer = helm([...sizes, ...sets]);
    ok(answer.ok, answer.stderr);
    return answer.stdout !== helm(sizes).stdout;
  });
  ok(changes.includes(true), 'it changes nothing');
}

function names(told: Told): void {
  const { raw, namespace } = told;
  if (raw !== undefined) {
    const [, where = ''] = /^\/api\/v1\/namespaces\/([a-z-]+)\//.exec(raw) ?? [];
    ok(ELSEWHERE.includes(where), raw);
    return;
  }
  ok(namespace !== undefined, 'in which namespace?');
  if (namespace === NAMESPACE) ours(told);
  else if (namespace === 'dapr-system') daprs(told);
  else ok(ELSEWHERE.includes(namespace), namespace);
}

function ours({ verb, kinds, object, labels, container }: Told): void {
  for (const kind of kinds) {
    if (kind === 'event') continue;
    const wanted = KINDS[kind];
    ok(wanted !== undefined, `no ${kind} is the chart's`);
    if (labels === undefined && object === undefined) continue;
    // a variable: some pod, found by a line before
    if (object?.startsWith('$') === true) continue;
    const found = wanted === 'Pod' ? podsBy(labels) : objectsBy(wanted, labels, object);
    ok(found.length > 0, `nothing of kind ${wanted} is found by ${JSON.stringify(labels ?? object)}`);
  }
  if (container !== undefined)
    for (const pod of podsBy(labels))
      ok(containersOf(pod).includes(container), `${componentOf(pod)} has no ${container}`);
  if (verb === 'logs' && labels !== undefined && container === undefined)
    for (const pod of podsBy(labels)) equal(containersOf(pod).length, 1, 'of which container?');
}

function objectsBy(kind: string, labels?: Record<string, string>, name?: string): readonly unknown[] {
  if (kind === 'Secret')
    return readFileSync(join(CHECKOUT, 'k8s', 'README.md'), 'utf8').match(`secret generic ${String(name)} `) ?? [];
  const of = objects.filter((each) => each.kind === kind);
  return of.filter(
    ({ metadata }) =>
      (name === undefined || metadata.name === name) &&
      matches(labels ?? {}, metadata.labels as Record<string, string>),
  );
}

/** Of what stays: jobs come and go. */
function podsBy(labels: Record<string, string> = {}): readonly Pod[] {
  return pods.filter((pod) => pod.owner.kind === 'Deployment' && matches(labels, pod.labels));
}

function containersOf({ spec, annotations }: Pod): string[] {
  const own = (spec.containers as { name: string }[]).map(({ name }) => name);
  return annotations['dapr.io/enabled'] === 'true' ? [...own, 'daprd'] : own;
}

function matches(wanted: Record<string, string>, labels: Record<string, string>): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

function daprs({ labels }: Told): void {
  const chart = readFileSync(join(CHECKOUT, 'k8s', 'README.md'), 'utf8');
  ok(chart.includes('`dapr-system`'));
  deepEqual(labels, { app: 'dapr-placement-server' });
}

it('their words for a cluster know its names', () => {
  const script = readFileSync(join(CHECKOUT, 'k8s', 'runbook.sh'), 'utf8');
  ok(
    script.includes(`\${NAMESPACE:-${NAMESPACE}}`) &&
      script.includes(`\${RELEASE:-${RELEASE}}-pahlawan-pangan-$component`),
  );
  for (const component of ['relay', 'api']) {
    ok(script.includes(`in_pod ${component} `));
    notEqual(objectsBy('Deployment', undefined, `${RELEASE}-pahlawan-pangan-${component}`).length, 0);
    ok(podsBy({ 'app.kubernetes.io/component': component }).every((pod) => containersOf(pod).includes(component)));
  }
});

it('and k8s/README.md knows where all else is', () => {
  const page = readFileSync(join(CHECKOUT, 'k8s', 'README.md'), 'utf8');
  for (const namespace of ELSEWHERE.filter((each) => each !== 'routing'))
    ok(page.includes(`\`${namespace}\``), namespace);
});
