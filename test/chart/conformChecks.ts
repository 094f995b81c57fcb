/** kubeconform, strict, over every value set: the schemas are Kubernetes' own of the version named, and those of the CRDs. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { asked, template, VALUE_SETS } from './rendered.ts';
import { writeSchemas } from './schemas.ts';

const schemas = mkdtempSync(join(tmpdir(), 'pahlawan-schemas-'));
after(() => rmSync(schemas, { recursive: true }));
writeSchemas(schemas);

interface Verdict {
  readonly resources: readonly { readonly kind: string; readonly msg: string }[];
  readonly summary: {
    readonly valid: number;
    readonly invalid: number;
    readonly errors: number;
    readonly skipped: number;
  };
}

function kubeconform(manifests: string): Verdict {
  const location = join(schemas, '{{.ResourceKind}}{{.KindSuffix}}.json');
  const words = ['-strict', '-summary', '-output', 'json', '-schema-location', location];
  const done = spawnSync(asked('KUBECONFORM'), [...words, '-kubernetes-version', asked('KUBE_VERSION')], {
    input: manifests,
    encoding: 'utf8',
  });
  if (done.error) throw done.error;
  equal(done.stderr, '');
  return JSON.parse(done.stdout) as Verdict;
}

/** As a cluster without Prometheus' operator gets it. */
const WITHOUT_MONITORING = { set: 'default', words: ['--set', 'serviceMonitor.enabled=false,alerts.enabled=false'] };

describe('kubeconform takes, strictly', () => {
  const sets = VALUE_SETS.map((set) => ({ set, words: [] as string[] }));
  for (const { set, words } of [...sets, WITHOUT_MONITORING])
    it(`${set} ${words.join(' ')}`, () => {
      const rendered = template(set, ...words).stdout;
      const { resources, summary } = kubeconform(rendered);
      deepEqual(resources ?? [], []);
      const objects = [...rendered.matchAll(/^kind: /gm)].length;
      ok(objects > 15, String(objects));
      deepEqual(summary, { valid: objects, invalid: 0, errors: 0, skipped: 0 });
    });
});

describe('kubeconform refuses', () => {
  const good = template('production').stdout + template('hpa').stdout;
  const wrong: readonly [string, RegExp, string, RegExp][] = [
    ['a key nobody knows', /^ {2}revisionHistoryLimit: 3$/m, '  revisionHistoryLimits: 3', /revisionHistoryLimits/],
    ['a word for a number', /^ {2}revisionHistoryLimit: 3$/m, '  revisionHistoryLimit: three', /integer/],
    ['what must be there and is not', /^ {2}scaleTargetRef: .*$/m, '  # none', /scaleTargetRef/],
    ["a key KEDA doesn't know", /^ {2}pollingInterval:/m, '  pollInterval:', /pollInterval/],
    ["a key Prometheus' operator doesn't know", /^ {2}jobLabel:/m, '  jobsLabel:', /jobsLabel/],
    ["a key Dapr doesn't know", /samplingRate:/, 'sampleRate:', /sampleRate/],
    [
      'a key twice',
      /^ {2}revisionHistoryLimit: 3$/m,
      '  revisionHistoryLimit: 3\n  revisionHistoryLimit: 4',
      /already/,
    ],
    ['a version that is none', /^apiVersion: autoscaling\/v2$/m, 'apiVersion: autoscaling/v3', /could not find schema/],
  ];
  for (const [what, from, to, because] of wrong)
    it(what, () => {
      match(good, from);
      const { resources } = kubeconform(good.replace(from, to));
      ok(resources.length > 0);
      match(JSON.stringify(resources), because);
    });
});
