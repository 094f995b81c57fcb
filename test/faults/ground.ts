/** What a campaign's stack stands on: wires and disks that can be hurt, clocks that can be moved. */
import { join } from 'node:path';
import { natsUrl } from '../../dev/stack/infrastructure/nats.ts';
import { appUrl, DATABASE, superuserUrl } from '../../dev/stack/infrastructure/postgres.ts';
import { redisUrl } from '../../dev/stack/infrastructure/redis.ts';
import { endSignal, undoing, untilEnd } from '../../dev/stack/ending.ts';
import { freePort } from '../../dev/stack/ports.ts';
import { postgresIn } from '../../dev/stack/postgresIn.ts';
import { startStack, type Stack } from '../../dev/stack/stack.ts';
import { createClocks, type Clocks } from './clocks.ts';
import { mountDisks, type Disks } from './disks.ts';
import { watchPackets, type Packets } from './packets.ts';
import { instanceNames } from '../../dev/stack/apps.ts';
import { CALLS_CELLS, HAS_CELLS } from './schedule.ts';
import { PROCESSES, SETTINGS } from './stage.ts';
import { layWires, SERVERS, type Link, type Wires } from './wires.ts';

export interface Ground {
  /** where the servers have their folders, each by its name */
  readonly dir: string;
  readonly stack: Stack;
  readonly wires: Wires;
  readonly disks: Disks | { readonly because: string };
  readonly packets: Packets | { readonly because: string };
  readonly clocks: Clocks;
  /** the servers themselves, not the wires to them */
  readonly urls: {
    readonly database: string;
    readonly superuser: string;
    readonly redis: string;
    readonly nats: string;
  };
  stop(): Promise<void>;
}

const OURS = Object.entries(PROCESSES).flatMap(([kind, count]) => instanceNames(kind, count));

/** They call cells, each through the sidecar beside it. */
const CALLERS = OURS.filter((name) => CALLS_CELLS.test(name));
const HOSTS = OURS.filter((name) => HAS_CELLS.test(name));

/** Ctrl-C stops it, too. @param env what all our processes are told besides */
export async function breakGround(dir: string, env: Readonly<Record<string, string>>): Promise<Ground> {
  return await untilEnd(layGround(dir, env));
}

async function layGround(dir: string, env: Readonly<Record<string, string>>): Promise<Ground> {
  const ports: Record<string, number> = {};
  const fixed = [...SERVERS, 'placement', ...HOSTS, ...CALLERS.map(httpOf)];
  for (const name of fixed) ports[name] = await freePort();
  const portOf = (name: string): number => ports[name] ?? missing(name);
  const wires = await layWires(linksTo(portOf));
  const disks = mountDisks(dir);
  const packets = watchPackets();
  const clocks = createClocks(join(dir, 'clocks'));
  const undo = async (): Promise<void> => {
    await wires.stop();
    if ('stop' in packets) packets.stop();
    if ('unmount' in disks) disks.unmount();
  };
  try {
    const envOf = (name: string): Record<string, string> => ({
      ...clocks.envOf(name),
      ...(OURS.includes(name) ? wiredEnv(dir, wires, name) : {}),
    });
    const stack = await startStack({
      dir,
      ports,
      processes: PROCESSES,
      env: { ...SETTINGS, ...env },
      envOf,
      viaOf: (sidecar, to) =>
        to === 'app' && !HAS_CELLS.test(processOf(sidecar)) ? undefined : wires.portOf(sidecar, to),
      signal: endSignal(),
    });
    const stop = undoing([undo, () => stack.stop()]);
    const database = stack.env['MIGRATION_DATABASE_URL'] ?? '';
    const superuser = superuserUrl(postgresIn(dir, portOf('postgres')), DATABASE);
    const urls = { database, superuser, redis: redisUrl(portOf('redis')), nats: natsUrl(portOf('nats')) };
    return { dir, stack, wires, disks, packets, clocks, urls, stop };
  } catch (error) {
    await undo();
    throw error;
  }
}

/** Ours to the servers and to the sidecars beside them; sidecars to placement, and those of hosts to the host. */
function linksTo(portOf: (name: string) => number): Link[] {
  const sidecars = [...HOSTS, ...CALLERS].map((name) => `${name}.daprd`);
  return [
    ...OURS.flatMap((from) => SERVERS.map((to) => ({ from, to, port: portOf(to) }))),
    ...CALLERS.map((from) => ({ from, to: 'daprd', port: portOf(httpOf(from)) })),
    ...sidecars.map((from) => ({ from, to: 'placement', port: portOf('placement') })),
    ...HOSTS.map((name) => ({ from: `${name}.daprd`, to: 'app', port: portOf(name) })),
  ];
}

function missing(name: string): never {
  throw new Error(`nobody chose a port for ${name}`);
}

function httpOf(name: string): string {
  return `${name}.daprd.http`;
}

function processOf(sidecar: string): string {
  return sidecar.replace(/\.daprd$/, '');
}

/** The migration and the campaign itself go the straight way. */
function wiredEnv(dir: string, wires: Wires, name: string): Record<string, string> {
  return {
    DATABASE_URL: appUrl(postgresIn(dir, wires.portOf(name, 'postgres'))),
    REDIS_URL: redisUrl(wires.portOf(name, 'redis')),
    NATS_URL: natsUrl(wires.portOf(name, 'nats')),
    ...(CALLERS.includes(name) ? { DAPR_HTTP_PORT: String(wires.portOf(name, 'daprd')) } : {}),
  };
}
