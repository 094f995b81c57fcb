/** What a campaign's stack stands on: wires and disks that can be hurt, clocks that can be moved. */
import { join } from 'node:path';
import { natsUrl } from '../../dev/stack/infrastructure/nats.ts';
import { appUrl } from '../../dev/stack/infrastructure/postgres.ts';
import { redisUrl } from '../../dev/stack/infrastructure/redis.ts';
import { freePort } from '../../dev/stack/ports.ts';
import { secretsIn } from '../../dev/stack/secrets.ts';
import { startStack, type Stack } from '../../dev/stack/stack.ts';
import { findTools } from '../../dev/stack/tools.ts';
import { createClocks, type Clocks } from './clocks.ts';
import { mountDisks, type Disks } from './disks.ts';
import { PROCESSES, SETTINGS } from './stage.ts';
import { layWires, type Wires } from './wires.ts';

export interface Ground {
  readonly stack: Stack;
  readonly wires: Wires;
  readonly disks: Disks | { readonly because: string };
  readonly clocks: Clocks;
  /** the servers themselves, not the wires to them */
  readonly urls: { readonly database: string; readonly redis: string; readonly nats: string };
  stop(): Promise<void>;
}

/** @param env what all our processes are told besides */
export async function breakGround(dir: string, env: Readonly<Record<string, string>>): Promise<Ground> {
  const ports = { postgres: await freePort(), redis: await freePort(), nats: await freePort() };
  const wires = await layWires(ports);
  const disks = mountDisks(dir);
  const clocks = createClocks(join(dir, 'clocks'));
  const undo = async (): Promise<void> => {
    await wires.stop();
    if ('unmount' in disks) disks.unmount();
  };
  try {
    const wired = { ...SETTINGS, ...wiredEnv(dir, wires), ...env };
    const stack = await startStack({ dir, ports, processes: PROCESSES, env: wired, envOf: clocks.envOf });
    const stop = async (): Promise<void> => {
      await stack.stop();
      await undo();
    };
    const database = stack.env['MIGRATION_DATABASE_URL'] ?? '';
    const urls = { database, redis: redisUrl(ports.redis), nats: natsUrl(ports.nats) };
    return { stack, wires, disks, clocks, urls, stop };
  } catch (error) {
    await undo();
    throw error;
  }
}

/** The migration and the campaign itself go the straight way. */
function wiredEnv(dir: string, { ports }: Wires): Record<string, string> {
  const { postgresPassword, ownerPassword, appPassword } = secretsIn(dir);
  const passwords = { superuser: postgresPassword, owner: ownerPassword, app: appPassword };
  const { postgresBin: bin } = findTools();
  return {
    DATABASE_URL: appUrl({ bin, dir, port: ports.postgres, passwords, durable: true }),
    REDIS_URL: redisUrl(ports.redis),
    NATS_URL: natsUrl(ports.nats),
  };
}
