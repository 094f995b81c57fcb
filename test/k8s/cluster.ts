/** A whole cluster of ours: control plane, nodes of kwok, KEDA, and the kinds of others that the chart uses. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { portsFrom } from '../../dev/stack/ports.ts';
import { type Aggregated, aggregation, EXTERNAL_METRICS } from './aggregated.ts';
import { type ApiServer, talkTo } from './apiServer.ts';
import { makeCertificates } from './certificates.ts';
import { command, type Said } from './command.ts';
import { crdFiles } from './crds.ts';
import { controlPlane, type ControlPlaneOptions, fakeNodes } from './controlPlane.ts';

import { keda } from './keda.ts';
import { startProcesses, type Processes } from './processes.ts';
import type { Programs } from './programs.ts';

export interface Cluster {
  readonly api: ApiServer;
  /** KUBECONFIG, and a PATH on which kubectl and helm are found */
  readonly env: NodeJS.ProcessEnv;
  /** @throws Error with what it says, when it fails */
  kubectl(words: readonly string[], input?: string): Promise<string>;
  helm(words: readonly string[]): Promise<string>;
  /** A script of a README, run in that folder. @throws Error with what it says, when it fails */
  bash(script: string, folder: string): Promise<void>;
  /** Makes the API server ask a process on that port for an API. */
  aggregate(api: Aggregated, port: number): Promise<void>;
  /** What a further process beside it is told. */
  readonly options: ControlPlaneOptions;
  /** Whatever the outcome. */
  run(words: readonly string[], input?: string): Promise<Said>;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  readonly dir: string;
  readonly programs: Programs;
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal;
}

export async function startCluster({ dir, programs, say, signal }: ClusterOptions): Promise<Cluster> {
  const portOf = portsFrom({}, {});
  const certificates = makeCertificates(join(dir, 'certificates'));
  const token = randomBytes(24).toString('hex');
  const url = `https://127.0.0.1:${String(await portOf('kube-apiserver'))}`;
  const api = talkTo(url, certificates.authority.certificate, token);
  const kubeconfig = join(dir, 'kubeconfig');
  const options: ControlPlaneOptions = { dir, programs, certificates, portOf, api, token, kubeconfig };
  const startedMs = performance.now();
  const sinceStart = (): string => `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
  const running: Processes[] = [];
  const env = environment(programs, kubeconfig);
  const run = (words: readonly string[], input = ''): Promise<Said> => command(words, { env, input, signal });
  const successful = async (words: readonly string[], input = ''): Promise<string> => {
    const said = await run(words, input);
    if (!said.ok) throw new Error(`${words.join(' ')}\n${said.stderr || said.stdout}`);
    return said.stdout;
  };
  const cluster: Cluster = {
    api,
    options,
    env,
    run,
    kubectl: (words, input) => successful(['kubectl', ...words], input),
    helm: (words) => successful(['helm', ...words]),
    bash: async (script, folder) => {
      const said = await command(['bash', '-c', `set -euo pipefail\n${script}`], { env, cwd: folder, signal });
      if (!said.ok) throw new Error(`${script}\n${said.stderr || said.stdout}`);
    },
    aggregate: async (aggregated, port) => {
      const authority = readFileSync(certificates.authority.certificate);
      const objects = aggregation(aggregated, port, authority);
      await cluster.kubectl(['apply', '-f', '-'], objects.map((each) => stringify(each)).join('---\n'));
    },
    stop: async () => {
      for (const processes of running.toReversed()) await processes.stopAll();
      await api.close();
    },
  };
  try {
    running.push(await startProcesses(await controlPlane(options), dir, say));
    say(`control plane ready after ${sinceStart()}`);
    await cluster.kubectl(
      ['apply', '-f', '-'],
      fakeNodes()
        .map((node) => stringify(node))
        .join('---\n'),
    );
    await cluster.kubectl(['apply', '--server-side', ...crdFiles().flatMap((file) => ['-f', file])]);
    await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
    await cluster.aggregate(EXTERNAL_METRICS, await portOf('keda.adapter'));
    running.push(await startProcesses(await keda(options), dir, say));
    say(`KEDA's metrics ready after ${sinceStart()}`);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

function environment(programs: Programs, kubeconfig: string): NodeJS.ProcessEnv {
  const folders = [programs.kubectl, programs.helm].map((path) => dirname(path));
  const { PATH = '' } = process.env;
  // Helm's own folders: nothing of the user's is read or written.
  const helm = join(dirname(kubeconfig), 'helm');
  const homes = { HELM_CACHE_HOME: helm, HELM_CONFIG_HOME: helm, HELM_DATA_HOME: helm };
  return { ...process.env, ...homes, KUBECONFIG: kubeconfig, PATH: [...folders, PATH].join(':') };
}
