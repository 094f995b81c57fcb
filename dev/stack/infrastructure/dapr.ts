import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessSpec } from '../supervise/processSpec.ts';
import { freePort, type PortOf } from '../ports.ts';
import { CHECKOUT } from '../tools.ts';
import { answersHttp } from './probes.ts';

/** Without it daprd registers the machine's outer address, on which its internal port refuses. */
const LOOPBACK = { DAPR_HOST_IP: '127.0.0.1' };
/**
 * A sidecar serves one process of one thread: more threads of its own only look for work in vain. And it tidies up seldom, within the memory
 * that a pod has for it (ADR 0006).
 */
const GO = { GOMAXPROCS: '1', GOGC: '400', GOMEMLIMIT: '192MiB' };
const CONFIG = join(import.meta.dirname, 'daprConfig.yaml');
/** The chart's own: the stack and a cluster have the same policy. */
const RESOURCES = join(CHECKOUT, 'charts', 'pahlawan-pangan', 'files', 'dapr');
const flag = (name: string, value: string | number): string => `--${name}=${String(value)}`;

export interface DaprOptions {
  bin: string;
  dir: string;
  portOf: PortOf;
  tokens: { api: string; app: string };
  /** By which port a sidecar reaches its process, or placement, where not straight. */
  viaOf?: ViaOf;
}

export type ViaOf = (sidecar: string, to: 'app' | 'placement') => number | undefined;

export async function placementSpec({ bin, portOf }: DaprOptions): Promise<ProcessSpec> {
  const health = await portOf('placement.health');
  const words = [
    flag('port', await portOf('placement')),
    flag('listen-address', '127.0.0.1'),
    flag('healthz-port', health),
    flag('healthz-listen-address', '127.0.0.1'),
    flag('metrics-port', await portOf('placement.metrics')),
    flag('metrics-listen-address', '127.0.0.1'),
    flag('initial-cluster', `dapr-placement-0=127.0.0.1:${String(await portOf('placement.raft'))}`),
    // The lowest it accepts: a paused host's cells move after 1.4 s instead of 4.3 s (measured).
    '--keepalive-time=1s',
    '--keepalive-timeout=1s',
    // A sidecar without actors that dies during a round is waited for until this (placement 1.18.1 counts only leaving hosts);
    // the default is 8 s, and no cell is found meanwhile. Longer than a host takes to let go (actorRoutes.ts).
    '--disseminate-timeout=2s',
    '--log-level=warn',
  ];
  return {
    name: 'placement',
    command: [join(bin, 'placement'), ...words],
    env: LOOPBACK,
    after: [],
    ready: () => answersHttp(`http://127.0.0.1:${String(health)}/healthz`),
    stopWithinMs: 3_000,
  };
}

export async function schedulerSpec({ bin, dir, portOf }: DaprOptions): Promise<ProcessSpec> {
  const [port, health, peer] = [
    await portOf('scheduler'),
    await portOf('scheduler.health'),
    await portOf('scheduler.etcd.peer'),
  ];
  const words = [
    flag('port', port),
    flag('listen-address', '127.0.0.1'),
    flag('override-broadcast-host-port', `127.0.0.1:${String(port)}`),
    flag('healthz-port', health),
    flag('healthz-listen-address', '127.0.0.1'),
    flag('metrics-port', await portOf('scheduler.metrics')),
    flag('metrics-listen-address', '127.0.0.1'),
    flag('etcd-data-dir', join(dir, 'scheduler')),
    flag('etcd-client-port', await portOf('scheduler.etcd.client')),
    flag('etcd-client-listen-address', '127.0.0.1'),
    flag('etcd-initial-cluster', `dapr-scheduler-server-0=http://127.0.0.1:${String(peer)}`),
    flag('identity-directory-write', join(dir, 'scheduler-identity')),
    flag('workers', 32),
    '--log-level=warn',
  ];
  return {
    name: 'scheduler',
    command: [join(bin, 'scheduler'), ...words],
    env: LOOPBACK,
    after: [],
    prepare: () => void mkdirSync(join(dir, 'scheduler'), { recursive: true }),
    ready: () => answersHttp(`http://127.0.0.1:${String(health)}/healthz`),
    stopWithinMs: 3_000,
  };
}

export interface SidecarOptions extends DaprOptions {
  /** The process it stands beside: `api-2`. */
  beside: string;
  /** What Dapr knows all its instances by: `api`. */
  appId: string;
}

async function sidecarFlags({ beside, appId, portOf, viaOf }: SidecarOptions): Promise<string[]> {
  const sidecar = `${beside}.daprd`;
  const port = (part: string): Promise<number> => portOf(`${sidecar}.${part}`);
  const scheduler = `127.0.0.1:${String(await portOf('scheduler'))}`;
  const placement = `127.0.0.1:${String(viaOf?.(sidecar, 'placement') ?? (await portOf('placement')))}`;
  return [
    flag('app-id', appId),
    flag('app-port', viaOf?.(sidecar, 'app') ?? (await portOf(beside))),
    '--app-protocol=http',
    '--app-channel-address=127.0.0.1',
    flag('dapr-http-port', await port('http')),
    flag('dapr-grpc-port', await port('grpc')),
    flag('dapr-listen-addresses', '127.0.0.1'),
    flag('dapr-internal-grpc-listen-address', '127.0.0.1'),
    flag('metrics-port', await port('metrics')),
    '--metrics-listen-address=127.0.0.1',
    flag('placement-host-address', placement),
    flag('scheduler-host-address', scheduler),
    flag('resources-path', RESOURCES),
    flag('config', CONFIG),
    // Without it a dead app keeps its cells as long as its sidecar lives; with it they move in 1.2 s (measured).
    '--enable-app-health-check',
    '--app-health-check-path=/healthz',
    '--app-health-probe-interval=1',
    '--app-health-probe-timeout=500',
    '--app-health-threshold=2',
    '--dapr-graceful-shutdown-seconds=2',
    '--log-level=warn',
  ];
}

/** A daprd per process; no state store: the truth of a cell is in PostgreSQL. */
export async function sidecarSpec(options: SidecarOptions): Promise<ProcessSpec> {
  const http = await options.portOf(`${options.beside}.daprd.http`);
  const words = [join(options.bin, 'daprd'), ...(await sidecarFlags(options))] as const;
  // A new one at each start, as a new pod has a new address. Back at the old one its cells would be silent while callers'
  // connections wait out gRPC's backoff: 5 s after 10 s of absence (measured).
  let internalPort = 0;
  return {
    name: `${options.beside}.daprd`,
    get command() {
      return [...words, flag('dapr-internal-grpc-port', internalPort)] as const;
    },
    env: { ...LOOPBACK, ...GO, DAPR_API_TOKEN: options.tokens.api, APP_API_TOKEN: options.tokens.app },
    after: ['placement', 'scheduler', options.beside],
    prepare: async () => {
      internalPort = await freePort();
    },
    ready: () => answersHttp(`http://127.0.0.1:${String(http)}/v1.0/healthz`),
    stopWithinMs: 5_000,
  };
}
