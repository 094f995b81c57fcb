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
import { instanceNames } from '../../dev/stack/apps.ts';
import { CALLS_CELLS } from './schedule.ts';
import { PROCESSES, SETTINGS } from './stage.ts';
import { layWires, type Wires } from './wires.ts';

export interface Ground {
  readonly stack: Stack;
  readonly wires: Wires;
  readonly disks: Disks | { readonly because: string };
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

/** Ctrl-C stops it, too. @param env what all our processes are told besides */
export async function breakGround(dir: string, env: Readonly<Record<string, string>>): Promise<Ground> {
  return await untilEnd(layGround(dir, env));
}

async function layGround(dir: string, env: Readonly<Record<string, string>>): Promise<Ground> {
  const ports = { postgres: await freePort(), redis: await freePort(), nats: await freePort() };
  const sidecars: Record<string, number> = {};
  for (const name of CALLERS) sidecars[name] = await freePort();
  const wires = await layWires(ports, OURS, sidecars);
  const disks = mountDisks(dir);
  const clocks = createClocks(join(dir, 'clocks'));
  const undo = async (): Promise<void> => {
    await wires.stop();
    if ('unmount' in disks) disks.unmount();
  };
  try {
    const envOf = (name: string): Record<string, string> => ({
      ...clocks.envOf(name),
      ...(OURS.includes(name) ? wiredEnv(dir, wires, name) : {}),
    });
    const stack = await startStack({
      dir,
      ports: { ...ports, ...sidecarPorts(sidecars) },
      processes: PROCESSES,
      env: { ...SETTINGS, ...env },
      envOf,
      signal: endSignal(),
    });
    const stop = undoing([undo, () => stack.stop()]);
    const database = stack.env['MIGRATION_DATABASE_URL'] ?? '';
    const superuser = superuserUrl(postgresIn(dir, ports.postgres), DATABASE);
    const urls = { database, superuser, redis: redisUrl(ports.redis), nats: natsUrl(ports.nats) };
    return { stack, wires, disks, clocks, urls, stop };
  } catch (error) {
    await undo();
    throw error;
  }
}

function sidecarPorts(sidecars: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(sidecars).map(([name, port]) => [`${name}.daprd.http`, port]));
}

/** The migration and the campaign itself go the straight way. */
function wiredEnv(dir: string, wires: Wires, name: string): Record<string, string> {
  const ports = wires.portsOf(name);
  return {
    DATABASE_URL: appUrl(postgresIn(dir, ports.postgres)),
    REDIS_URL: redisUrl(ports.redis),
    NATS_URL: natsUrl(ports.nats),
    ...(ports.daprd === undefined ? {} : { DAPR_HTTP_PORT: String(ports.daprd) }),
  };
}
