/** autoscaling.mode hpa: prometheus-adapter beside the cluster, told what k8s/prometheus-adapter-values.yaml tells it in one. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import type { PortOf } from '../../dev/stack/ports.ts';
import type { ProcessSpec } from '../../dev/stack/supervise/processSpec.ts';
import { CHECKOUT } from '../../dev/stack/tools.ts';
import { CUSTOM_METRICS, pathOf } from './aggregated.ts';
import type { ApiServer } from './apiServer.ts';
import { HOSTS, installAsTold, NAMESPACE } from './chart.ts';
import type { ControlPlaneOptions } from './controlPlane.ts';
import { startProcesses } from './processes.ts';
import { prometheusSpec } from './prometheus.ts';
import { conditionOf, type Recorder } from './record.ts';
import { CALM, SCALE, type Scene, seconds, SURGE } from './scaling.ts';

/** Each of its pods is read at the one real host: so many that the reading is not its load. */
const MOST = 20;

interface AdapterValues {
  readonly metricsRelistInterval: string;
  readonly rules: { readonly custom: readonly object[] };
}

/** Starts Prometheus, which reads our host as each of the pods that there are, and the adapter. @returns what stops them */
export async function startCustomMetrics(scene: Scene, hostPort: number): Promise<() => Promise<void>> {
  const { options, aggregate } = scene.cluster;
  const port = await options.portOf('hpa.prometheus');
  await aggregate(CUSTOM_METRICS, await options.portOf('hpa.adapter'));
  const dir = join(options.dir, 'hpa');
  mkdirSync(dir);
  const targetsFile = join(dir, 'pods.json');
  const pods = await followPods(options.api, targetsFile, `127.0.0.1:${String(hostPort)}`);
  const prometheus = prometheusSpec({ dir, port, hostPort, labels: {}, targetsFile });
  const processes = await startProcesses([prometheus, await adapterSpec(options, dir, port)], dir, scene.say);
  return async () => {
    await pods.stop();
    await processes.stopAll();
  };
}

const PODS = `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=app.kubernetes.io/component=actor-host`;

/**
 * Debian's Prometheus can't ask Kubernetes (it is built without), so its targets are written for it: every pod that runs, with the labels
 * that Prometheus' operator gives, at the one host that is real. What each would feel the real one feels: it has the load of one.
 */
async function followPods(api: ApiServer, file: string, address: string): Promise<{ stop(): Promise<void> }> {
  const write = async (): Promise<void> => {
    const running = (await api.list(PODS)).filter(({ status }) => status?.phase === 'Running');
    const targets = running.map(({ metadata: { name, namespace } }) => ({
      targets: [address],
      labels: { namespace, pod: name, instance: name, service: HOSTS },
    }));
    writeFileSync(`${file}.new`, JSON.stringify(targets));
    renameSync(`${file}.new`, file);
  };
  let isOver = false;
  await write();
  const going = (async () => {
    // what fails once is asked again
    for (; !isOver; await pause(1_000)) await write().catch(() => undefined);
  })();
  return {
    stop: async () => {
      isOver = true;
      await going;
    },
  };
}

async function adapterSpec(options: ControlPlaneOptions, dir: string, prometheusPort: number): Promise<ProcessSpec> {
  const { programs, kubeconfig, certificates, portOf, api } = options;
  const values = parse(readFileSync(join(CHECKOUT, 'k8s/prometheus-adapter-values.yaml'), 'utf8')) as AdapterValues;
  const config = join(dir, 'adapter.yaml');
  return {
    name: 'prometheus-adapter',
    command: [
      programs['prometheus-adapter'],
      ...['lister-kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'].map(
        (flag) => `--${flag}=${kubeconfig}`,
      ),
      '--bind-address=127.0.0.1',
      `--secure-port=${await portText(portOf)}`,
      `--tls-cert-file=${certificates.server.certificate}`,
      `--tls-private-key-file=${certificates.server.key}`,
      `--prometheus-url=http://127.0.0.1:${String(prometheusPort)}/`,
      `--metrics-relist-interval=${values.metricsRelistInterval}`,
      `--config=${config}`,
    ],
    after: ['prometheus'],
    prepare: () => writeFileSync(config, stringify({ rules: values.rules.custom })),
    ready: () => api.answers(pathOf(CUSTOM_METRICS)),
    readyWithinMs: 60_000,
  };
}

async function portText(portOf: PortOf): Promise<string> {
  return String(await portOf('hpa.adapter'));
}

/** From KEDA to Kubernetes' own autoscaler; then a surge. */
export async function scaleByPods(scene: Scene, recorder: Recorder, atTarget: number): Promise<void> {
  const { verdict, figures } = scene;
  await changeMode(scene, recorder);
  const fallen = await recorder.until(({ replicas, ready }) => replicas === SCALE.min && ready === SCALE.min, 240);
  verdict.check(`by it a calm city falls to ${String(SCALE.min)} hosts`, fallen !== null, seconds(fallen));
  recorder.step('surge by pods', MOST * SURGE * atTarget);
  const rising = await recorder.until(({ replicas }) => replicas > SCALE.min, 60);
  verdict.check('by it hosts rise within 60 s of the load', rising !== null, seconds(rising));
  const capped = await recorder.until(({ replicas, ready }) => replicas === MOST && ready === MOST, 240);
  verdict.check(`and reach the cap of ${String(MOST)}, all ready`, capped !== null, seconds(capped));
  figures['podsRisingAfterSeconds'] = rising ?? 'never';
}

async function changeMode({ cluster, verdict, folder }: Scene, recorder: Recorder): Promise<void> {
  recorder.step('to hpa', SCALE.min * CALM);
  const before = recorder.latest().replicas;
  const all = `/apis/autoscaling/v2/namespaces/${NAMESPACE}/horizontalpodautoscalers`;
  await installAsTold(cluster, folder, `--set autoscaling.mode=hpa,autoscaling.maxReplicas=${String(MOST)}`);
  const fewest = Math.min(...recorder.samples.map(({ replicas }) => replicas));
  verdict.check('from keda to hpa no host leaves', fewest >= Math.min(before, MOST), `never below ${String(fewest)}`);
  const name = `${HOSTS}-pods`;
  const active = async (): Promise<boolean> =>
    conditionOf(await cluster.api.get(`${all}/${name}`), 'ScalingActive') === 'True';
  for (let n = 0; n < 60 && !(await active()); n++) await pause(1_000);
  const names = (await cluster.api.list(all)).map(({ metadata }) => String(metadata.name));
  const own = await cluster.api.get(`${all}/${name}`);
  verdict.check(
    'Kubernetes’ own autoscaler, alone, reads the ratio of the pods',
    (await active()) && !names.includes(HOSTS),
    `${names.join(', ')}: ${JSON.stringify(own?.status.currentMetrics?.[0]?.pods?.current ?? own?.status.conditions)}`,
  );
}
