import { hostname } from 'node:os';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Bus } from '#adapters/nats/bus.ts';
import { onOutboxHints } from '#adapters/nats/hints.ts';
import { createPublish } from '#adapters/nats/publish.ts';
import { createStreamKeeper, type StreamSizes } from '#adapters/nats/streams.ts';
import { findRegionsWithOutbox } from '#adapters/postgres/sql/findRegionsWithOutbox.ts';
import { watchLedger } from '#adapters/telemetry/watchLedger.ts';
import { createOutbox } from './outbox.ts';
import { createRelay } from './relay.ts';
import type { BatchResult } from './relayBatch.ts';
import { createSlots, RENEW_EVERY_MS, type Slots } from './slots.ts';

export interface RelayApp {
  readonly registry: Registry;
  /** what is missing to work */
  missing(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export interface RelayAppOptions {
  readonly pool: Pool;
  readonly bus: Bus;
  readonly streams: StreamSizes;
  readonly log: Logger;
  /** unique among relays; default: host and process */
  readonly owner?: string;
}

const STREAMS_EVERY_MS = 5_000;
/** Each stands there from the start, at 0. */
const OUTCOMES = ['published', 'dead-lettered', 'failed', 'blocked'] as const;

/** Makes the streams, takes its slots, and relays until stopped. */
export async function startRelayApp(options: RelayAppOptions): Promise<RelayApp> {
  const { pool, bus, log } = options;
  const keepStreams = createStreamKeeper(bus, options.streams);
  await keepStreams().catch((error: unknown) => {
    log.warn({ err: error }, 'streams could not be made yet');
  });
  const slots = createSlots(pool, options.owner ?? `${hostname()}-${String(process.pid)}`);
  const meters = createMeters(slots);
  const relay = createRelay({
    outbox: createOutbox(pool),
    publish: createPublish(bus, keepStreams),
    nowMs: Date.now,
    regionsWithWork: () => findRegionsWithOutbox(pool),
    owns: slots.owns,
    isConnected: bus.isConnected,
    log,
    onBatch: meters.onBatch,
  });
  // Cut off from NATS it could publish nothing of what it holds: others may.
  const renew = async (): Promise<void> => (bus.isConnected() ? slots.renew() : undefined);
  const stopRenewing = await repeat(RENEW_EVERY_MS, renew, log);
  const stopStreams = await repeat(STREAMS_EVERY_MS, keepStreams, log);
  const stopHints = onOutboxHints(bus, relay.hint);
  relay.start();
  const stopWatching = watchLedger(meters.registry, pool);
  return {
    registry: meters.registry,
    missing: async () => [
      ...(bus.isConnected() ? [] : ['nats']),
      ...(await pool.query('select 1').then(
        () => [],
        () => ['postgres'],
      )),
    ],
    stop: async () => {
      stopHints();
      stopRenewing();
      stopStreams();
      await stopWatching();
      await relay.stop();
      await slots.leave().catch((error: unknown) => {
        log.warn({ err: error }, 'the slots stay ours until their lease runs out');
      });
    },
  };
}

/** Runs at once and then every so often; failures are logged. @returns stops it */
async function repeat(everyMs: number, run: () => Promise<void>, log: Logger): Promise<() => void> {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const once = async (): Promise<void> => {
    await run().catch((error: unknown) => {
      log.warn({ err: error }, 'trying again');
    });
    if (!stopped) timer = setTimeout(() => void once(), everyMs);
  };
  await once();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

function createMeters(slots: Slots): { registry: Registry; onBatch: (result: BatchResult) => void } {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const events = new Counter({
    name: 'relay_events_total',
    help: 'Outbox rows by what became of them in a batch',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of OUTCOMES) events.inc({ outcome }, 0);
  const lag = new Histogram({
    name: 'relay_lag_seconds',
    help: 'From the turn to the publish acknowledgement',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300],
    registers,
  });
  new Gauge({
    name: 'relay_slots_held',
    help: 'Slots of 32 this relay holds',
    registers,
    collect() {
      this.set(slots.held());
    },
  });
  return {
    registry,
    onBatch: (result) => {
      events.inc({ outcome: 'published' }, result.published.length);
      events.inc({ outcome: 'dead-lettered' }, result.deadLettered.length);
      events.inc({ outcome: 'failed' }, result.failed.length);
      events.inc({ outcome: 'blocked' }, result.blocked.length);
      const nowMs = Date.now();
      for (const row of result.published) lag.observe(Math.max(0, nowMs - Date.parse(row.createdAt)) / 1000);
    },
  };
}
