import type { Logger } from 'pino';
import { createRests } from '#adapters/batching/rests.ts';
import { BATCH, relayBatch, type BatchPorts, type BatchResult } from './relayBatch.ts';

export interface RelayPorts extends BatchPorts {
  /** signed ids of regions with something to publish */
  readonly regionsWithWork: () => Promise<readonly string[]>;
  /** nothing is begun while NATS is away */
  readonly isConnected: () => boolean;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly onBatch?: (result: BatchResult) => void;
}

export interface Relay {
  /** A region may have something now. Cheap, best effort. */
  hint(region: string): void;
  start(): void;
  /** Lets running batches end; nothing new begins. */
  stop(): Promise<void>;
}

/** The guarantee; hints only make it faster. */
const POLL_EVERY_MS = 1_000;
/** Hints of one moment are one batch; an event may be this much later for it. */
const GATHER_MS = 5;
/** A region's next batch begins no sooner than this after its last: two statements cost the same for one event and for ten. */
const PACE_MS = 40;
/** Regions worked on at once; their statements are asked together. */
const CONCURRENCY = 32;
const MIN_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 5_000;

export function createRelay(ports: RelayPorts): Relay {
  const waiting = new Set<string>();
  const running = new Map<string, Promise<void>>();
  const rests = createRests<string>(() => pump());
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  const backoff = createBackoff(ports.log);

  /** Batch after batch while there is more; a region hinted at meanwhile goes once more. */
  const work = async (region: string): Promise<void> => {
    for (let more = true; more && !stopping && ports.owns(region);) {
      const result = await relayBatch(ports, region);
      ports.onBatch?.(result);
      if (result.failed.length > 0) backoff.failed(result.failed[0]?.because ?? '');
      else if (result.due > 0) backoff.worked();
      more = result.failed.length === 0 && result.due === BATCH;
    }
  };
  const pump = (): void => {
    if (stopping || !ports.isConnected() || backoff.isOn()) return;
    for (const region of waiting) {
      if (running.size >= CONCURRENCY) return;
      if (running.has(region) || rests.has(region)) continue;
      waiting.delete(region);
      if (!ports.owns(region)) continue;
      const restUntilMs = performance.now() + PACE_MS;
      const done = (): void => {
        running.delete(region);
        rests.begin(region, restUntilMs);
        pump();
      };
      running.set(region, work(region).catch(failed).finally(done));
    }
  };
  const gathered = once(pump, GATHER_MS);
  const failed = (error: unknown): void => {
    backoff.failed(error instanceof Error ? error.message : String(error));
  };
  const poll = async (): Promise<void> => {
    if (ports.isConnected()) {
      for (const region of await ports.regionsWithWork().catch(none(ports.log))) waiting.add(region);
      pump();
    }
    if (!stopping) timer = setTimeout(() => void poll(), POLL_EVERY_MS);
  };
  return {
    hint: (region) => {
      waiting.add(region);
      gathered.soon();
    },
    start: () => void poll(),
    stop: async () => {
      stopping = true;
      clearTimeout(timer);
      gathered.cancel();
      await Promise.all(running.values());
    },
  };
}

/** However often it is asked for, it happens once, `afterMs` after the first time. */
function once(action: () => void, afterMs: number): { soon(): void; cancel(): void } {
  let timer: NodeJS.Timeout | undefined;
  const act = (): void => {
    timer = undefined;
    action();
  };
  return { soon: () => void (timer ??= setTimeout(act, afterMs)), cancel: () => clearTimeout(timer) };
}

/** When publishing fails it fails for all regions: NATS or PostgreSQL is away. */
function createBackoff(log: RelayPorts['log']): { failed(because: string): void; worked(): void; isOn(): boolean } {
  let backoffMs = 0;
  let untilMs = 0;
  return {
    failed: (because) => {
      // One statement that failed for many regions is one failure.
      if (performance.now() < untilMs) return;
      backoffMs = Math.min(MAX_BACKOFF_MS, Math.max(MIN_BACKOFF_MS, backoffMs * 2));
      untilMs = performance.now() + backoffMs;
      log.warn({ because, backoffMs }, 'publishing failed; trying again');
    },
    worked: () => {
      backoffMs = 0;
    },
    isOn: () => performance.now() < untilMs,
  };
}

function none(log: RelayPorts['log']): (error: unknown) => readonly string[] {
  return (error) => {
    log.warn({ err: error }, 'PostgreSQL does not answer');
    return [];
  };
}
