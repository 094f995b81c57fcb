import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { CHECKOUT } from '../../dev/stack/tools.ts';

export const CHART = join(CHECKOUT, 'charts', 'pahlawan-pangan');

/** Names of charts/pahlawan-pangan/ci/*.yaml */
export const VALUE_SETS = globSync(join(CHART, 'ci', '*.yaml'))
  .map((file) => basename(file, '.yaml'))
  .sort();

/* eslint-disable @typescript-eslint/no-explicit-any -- Kubernetes objects, read as they come */
export interface Rendered {
  readonly kind: string;
  readonly metadata: any;
  readonly spec: any;
}
export interface Pod {
  /** the object it is made by */
  readonly owner: Rendered;
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly spec: any;
}
/* eslint-enable */

export interface HelmAnswer {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** `helm template` as release `pp` in namespace `rescue`; ServiceMonitors are known there. */
export function template(valueSet: string, ...more: string[]): HelmAnswer {
  const values = join(CHART, 'ci', `${valueSet}.yaml`);
  const words = ['template', 'pp', CHART, '--namespace', 'rescue', '--values', values];
  return run(...words, '--api-versions', 'monitoring.coreos.com/v1', ...more);
}

/** helm, for the cluster's version that test/chart/run names. */
export function run(...words: string[]): HelmAnswer {
  const done = spawnSync(asked('HELM'), [...words, '--kube-version', asked('KUBE_VERSION')], { encoding: 'utf8' });
  if (done.error) throw done.error;
  return { ok: done.status === 0, stdout: done.stdout, stderr: done.stderr };
}

/** @throws Error with what helm or the YAML parser says */
export function objectsOf(valueSet: string, ...more: string[]): Rendered[] {
  const answer = template(valueSet, ...more);
  if (!answer.ok) throw new Error(answer.stderr);
  return parseAllDocuments(answer.stdout, { uniqueKeys: true }).map((document) => {
    const [error] = document.errors;
    if (error) throw error;
    return document.toJS() as Rendered;
  });
}

/** Every pod that these objects make, or are. */
export function podsOf(objects: readonly Rendered[]): Pod[] {
  return objects.flatMap((owner) => {
    if (owner.kind === 'Pod') return [podOf(owner, owner)];
    return ['Deployment', 'Job'].includes(owner.kind) ? [podOf(owner, owner.spec.template as Rendered)] : [];
  });
}

function podOf(owner: Rendered, { metadata, spec }: Rendered): Pod {
  const { labels, annotations } = metadata as Pick<Pod, 'labels'> & Partial<Pick<Pod, 'annotations'>>;
  return { owner, labels, annotations: annotations ?? {}, spec };
}

export const componentOf = ({ labels }: Pick<Pod, 'labels'>): string => labels['app.kubernetes.io/component'] ?? '';

export function asked(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run make test-chart`);
  return value;
}
