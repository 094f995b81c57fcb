/** The chart on the cluster: what the API server says to all value sets, its installation by the README, its end. */
import { globSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stringify } from 'yaml';
import { CHECKOUT } from '../../dev/stack/tools.ts';
import type { Cluster } from './cluster.ts';
import { examples } from './readme.ts';

export const NAMESPACE = 'rescue';
export const RELEASE = 'pahlawan';
/** as the chart makes it of the release's name */
export const HOSTS = `${RELEASE}-pahlawan-pangan-actor-host`;

/** The namespace and its Secrets, as k8s/README.md has them. */
export async function prepareGround(cluster: Cluster): Promise<void> {
  await cluster.bash(examples('k8s/README.md', 2).join('\n'), CHECKOUT);
  // Deployments are warned of what their pods would be refused for
  await cluster.kubectl(['label', 'namespace', NAMESPACE, 'pod-security.kubernetes.io/warn=restricted']);
}

/** @returns what the API server has against each value set; empty: nothing */
export async function refusals(cluster: Cluster): Promise<{ readonly sets: number; readonly against: string[] }> {
  const files = globSync(join(CHECKOUT, 'charts/pahlawan-pangan/ci/*.yaml')).sort();
  const against: string[] = [];
  for (const file of files) {
    const place = ['--namespace', NAMESPACE];
    const rendered = await cluster.helm([
      ...['template', 'pp', join(CHECKOUT, 'charts/pahlawan-pangan'), ...place, '--values', file],
      // for this cluster: its version, its kinds
      '--validate',
    ]);
    const said = await cluster.run(['kubectl', 'apply', '--dry-run=server', ...place, '-f', '-'], rendered);
    // on a warning the API server takes it, and it is wrong all the same
    if (!said.ok || said.stderr !== '') against.push(`${basename(file)}: ${said.stderr}`);
  }
  return { sets: files.length, against };
}

export interface OwnValues {
  readonly prometheusUrl: string;
  readonly databasePoolSize: number;
}

/** A folder where charts/README.md's words work, with an own.yaml. */
export function ownFolder(dir: string, { prometheusUrl, databasePoolSize }: OwnValues): string {
  const folder = join(dir, 'own');
  mkdirSync(folder);
  symlinkSync(join(CHECKOUT, 'charts'), join(folder, 'charts'));
  const own = {
    image: { repository: 'registry.example/pahlawan-pangan' },
    actorHost: { databasePoolSize },
    autoscaling: { keda: { prometheusUrl } },
  };
  writeFileSync(join(folder, 'own.yaml'), stringify(own));
  return folder;
}

/**
 * The README's words with the brisk windows between: production's sizes, a cap of 40.
 * @param more further words for helm
 */
export async function installAsTold(cluster: Cluster, folder: string, more = ''): Promise<void> {
  const [install = ''] = examples('charts/README.md', 2);
  const brisk = '--values charts/pahlawan-pangan/ci/brisk.yaml --values own.yaml';
  const words = install.trimEnd().replace('--values own.yaml', `${brisk} ${more}`);
  if (!words.includes(brisk)) throw new Error('charts/README.md installs without --values own.yaml');
  await cluster.bash(words, folder);
}

export async function testAsTold(cluster: Cluster, folder: string): Promise<void> {
  await cluster.bash(examples('charts/README.md', 2)[1] ?? '', folder);
}

/** Names of all there is in the namespace, events aside. */
export async function everything(cluster: Cluster): Promise<readonly string[]> {
  const kinds = await cluster.kubectl(['api-resources', '--namespaced', '--verbs=list', '-o', 'name']);
  const asked = kinds
    .split('\n')
    .filter((kind) => kind !== '' && !kind.startsWith('events') && !kind.includes('metrics'));
  const names = await cluster.kubectl(['get', asked.join(','), '-n', NAMESPACE, '-o', 'name', '--ignore-not-found']);
  return names.split('\n').filter(Boolean).sort();
}

/** @returns what is there and was not, when it has stopped going away or the time is over */
export async function leftOver(cluster: Cluster, before: readonly string[], withinMs: number): Promise<string[]> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    const rest = (await everything(cluster)).filter((name) => !before.includes(name));
    if (rest.length === 0 || performance.now() > endMs) return rest;
    await pause(1_000);
  }
}
