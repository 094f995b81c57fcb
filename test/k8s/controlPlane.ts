/** A real control plane on the loopback; its nodes and pods are kwok's. /docs/autoscaling.md says which flags matter, and why. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { answersHttp } from '../../dev/stack/infrastructure/probes.ts';
import type { PortOf } from '../../dev/stack/ports.ts';
import type { ProcessSpec } from '../../dev/stack/supervise/processSpec.ts';
import type { ApiServer } from './apiServer.ts';
import { type Certificates, FRONT_PROXY_NAME } from './certificates.ts';
import { moduleFolder, type Programs } from './programs.ts';

export interface ControlPlaneOptions {
  readonly dir: string;
  readonly programs: Programs;
  readonly certificates: Certificates;
  readonly portOf: PortOf;
  readonly api: ApiServer;
  readonly token: string;
  readonly kubeconfig: string;
}

/** The default is 15 s. Shorter, as all windows of the test are. */
const HPA_EVERY = '5s';
const PODS_BY_FAKE_NODES = 'kwok.x-k8s.io/node=fake';

export async function controlPlane(options: ControlPlaneOptions): Promise<ProcessSpec[]> {
  writeAccess(options);
  return [
    await etcd(options),
    await apiServer(options),
    await controllerManager(options),
    await scheduler(options),
    await kwok(options),
  ];
}

/** One token may do everything: this cluster holds nothing and listens on the loopback only. */
function writeAccess({ dir, certificates, api, token, kubeconfig }: ControlPlaneOptions): void {
  const mode = 0o600;
  writeFileSync(join(dir, 'tokens.csv'), `${token},admin,admin,"system:masters"\n`, { mode });
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'test', cluster: { server: api.url, 'certificate-authority': certificates.authority.certificate } },
    ],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  };
  writeFileSync(kubeconfig, stringify(config), { mode });
}

async function etcd({ dir, programs, portOf }: ControlPlaneOptions): Promise<ProcessSpec> {
  const [clients, peers] = [
    `http://127.0.0.1:${String(await portOf('etcd'))}`,
    `http://127.0.0.1:${String(await portOf('etcd.peers'))}`,
  ];
  const data = join(dir, 'etcd');
  return {
    name: 'etcd',
    command: [
      programs.etcd,
      `--data-dir=${data}`,
      `--listen-client-urls=${clients}`,
      `--advertise-client-urls=${clients}`,
      `--listen-peer-urls=${peers}`,
      `--initial-advertise-peer-urls=${peers}`,
      `--initial-cluster=default=${peers}`,
      '--unsafe-no-fsync',
    ],
    after: [],
    prepare: () => void mkdirSync(data, { recursive: true, mode: 0o700 }),
    ready: () => answersHttp(`${clients}/health`),
  };
}

async function apiServer({ dir, programs, certificates, portOf, api }: ControlPlaneOptions): Promise<ProcessSpec> {
  const { authority, server, frontProxy, serviceAccounts } = certificates;
  return {
    name: 'kube-apiserver',
    command: [
      programs['kube-apiserver'],
      `--etcd-servers=http://127.0.0.1:${String(await portOf('etcd'))}`,
      `--secure-port=${String(await portOf('kube-apiserver'))}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      // of the Service `kubernetes`, which may not lie on the loopback
      '--endpoint-reconciler-type=none',
      '--service-cluster-ip-range=10.96.0.0/16',
      `--tls-cert-file=${server.certificate}`,
      `--tls-private-key-file=${server.key}`,
      `--token-auth-file=${join(dir, 'tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${serviceAccounts.certificate}`,
      `--service-account-signing-key-file=${serviceAccounts.key}`,
      // without these an aggregated API answers 403
      `--requestheader-client-ca-file=${authority.certificate}`,
      `--requestheader-allowed-names=${FRONT_PROXY_NAME}`,
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      '--requestheader-group-headers=X-Remote-Group',
      '--requestheader-username-headers=X-Remote-User',
      `--proxy-client-cert-file=${frontProxy.certificate}`,
      `--proxy-client-key-file=${frontProxy.key}`,
    ],
    after: ['etcd'],
    ready: () => api.answers('/readyz'),
    readyWithinMs: 120_000,
  };
}

async function controllerManager(options: ControlPlaneOptions): Promise<ProcessSpec> {
  const { programs, certificates, api } = options;
  return {
    name: 'kube-controller-manager',
    command: [
      programs['kube-controller-manager'],
      ...(await loneComponent(options, 'kube-controller-manager')),
      `--service-account-private-key-file=${certificates.serviceAccounts.key}`,
      `--root-ca-file=${certificates.authority.certificate}`,
      `--horizontal-pod-autoscaler-sync-period=${HPA_EVERY}`,
    ],
    after: ['kube-apiserver'],
    ready: () => api.answers('/api/v1/namespaces/default/serviceaccounts/default'),
    readyWithinMs: 60_000,
  };
}

async function scheduler(options: ControlPlaneOptions): Promise<ProcessSpec> {
  const words = await loneComponent(options, 'kube-scheduler');
  return {
    name: 'kube-scheduler',
    command: [options.programs['kube-scheduler'], ...words],
    after: ['kube-apiserver'],
    ready: () => options.api.answers('/readyz'),
  };
}

async function loneComponent({ dir, kubeconfig, portOf }: ControlPlaneOptions, name: string): Promise<string[]> {
  const asked = ['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'].map(
    (flag) => `--${flag}=${kubeconfig}`,
  );
  const port = `--secure-port=${String(await portOf(name))}`;
  return [...asked, '--bind-address=127.0.0.1', port, `--cert-dir=${join(dir, name)}`, '--leader-elect=false'];
}

async function kwok({ programs, kubeconfig, portOf }: ControlPlaneOptions): Promise<ProcessSpec> {
  const stages = join(moduleFolder('test/k8s/programs/kwok', 'sigs.k8s.io/kwok'), 'kustomize', 'stage');
  const files = [
    'node/fast/node-initialize.yaml',
    'node/heartbeat/node-heartbeat.yaml',
    ...['ready', 'complete', 'delete'].map((stage) => `pod/fast/pod-${stage}.yaml`),
  ];
  const port = String(await portOf('kwok'));
  return {
    name: 'kwok',
    command: [
      programs.kwok,
      `--kubeconfig=${kubeconfig}`,
      `--manage-nodes-with-annotation-selector=${PODS_BY_FAKE_NODES}`,
      `--server-address=127.0.0.1:${port}`,
      ...files.map((file) => `--config=${join(stages, file)}`),
    ],
    after: ['kube-apiserver'],
    ready: () => answersHttp(`http://127.0.0.1:${port}/healthz`),
  };
}

const ZONES = ['a', 'b', 'c'];
const NODES_PER_ZONE = 2;

/** Nodes that are only said to be there: two in each of three zones, large enough for 500 hosts. */
export function fakeNodes(): object[] {
  return ZONES.flatMap((zone) =>
    Array.from({ length: NODES_PER_ZONE }, (_, n) => {
      const name = `fake-${zone}${String(n + 1)}`;
      const size = { cpu: '64', memory: '256Gi', pods: '250' };
      return {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: {
          name,
          annotations: { 'kwok.x-k8s.io/node': 'fake' },
          labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': zone, 'kubernetes.io/os': 'linux' },
        },
        status: { allocatable: size, capacity: size },
      };
    }),
  );
}
