import { createDeadLetters } from '#adapters/nats/deadLetters.ts';
import { DEAD_LETTERS, LOTS } from '#adapters/nats/streams.ts';
import { watchLedger } from '#adapters/telemetry/watchLedger.ts';
import { createBacklogWatch } from './backlog.ts';
import type { RoleName } from './config.ts';
import { every } from './every.ts';
import { ROLES, type RunningRole, type Workshop } from './roles.ts';

export interface WorkerApp {
  /** what is missing to work */
  missing(): Promise<readonly string[]>;
  /** Ends what is at work in each role. */
  stop(): Promise<void>;
}

const GAUGES_EVERY_MS = 5_000;
const CONSUMERS: readonly { stream: string; role: RoleName }[] = [
  { stream: LOTS, role: 'rematch' },
  { stream: LOTS, role: 'notify' },
  { stream: DEAD_LETTERS, role: 'escalate' },
];

/** Plays the given roles until stopped. */
export function startWorkerApp(shop: Workshop, roles: readonly RoleName[]): WorkerApp {
  const running: RunningRole[] = roles.map((role) => ROLES[role](shop));
  const watched = CONSUMERS.filter(({ role }) => roles.includes(role));
  const watch = createBacklogWatch({ ...shop, nowMs: () => performance.now() });
  const readGauges = async (): Promise<void> => {
    await Promise.all(watched.map(({ stream, role }) => watch(stream, role)));
    if (roles.includes('escalate') && shop.bus.isConnected())
      shop.meters.deadLetters(await createDeadLetters(shop.bus, shop.publish).counts());
  };
  running.push(every(GAUGES_EVERY_MS, 'reading the streams', readGauges, shop.log));
  running.push({ stop: watchLedger(shop.meters.registry, shop.pool) });
  return {
    missing: async () => {
      const postgres = await shop.pool.query('select 1').then(
        () => [],
        () => ['postgres'],
      );
      return [...(shop.bus.isConnected() ? [] : ['nats']), ...postgres];
    },
    stop: async () => {
      await Promise.all(running.map((role) => role.stop()));
    },
  };
}
