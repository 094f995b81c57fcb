import type { JetStreamManager } from '@nats-io/jetstream';
import type { Bus } from '#adapters/nats/bus.ts';
import type { Meters } from './meters.ts';

export interface Backlog {
  /** messages that were not given to anybody, or not done with */
  readonly left: number;
  /** since when the first of those waits that were given to nobody; 0: there is none */
  readonly oldestSeconds: number;
}

/** What a consumer has still to do, by what JetStream and its clock say. @throws on its errors, and where there is no such consumer */
export async function readBacklog(jsm: JetStreamManager, stream: string, durable: string): Promise<Backlog> {
  const { num_pending, num_ack_pending, delivered, config, ts } = await jsm.consumers.info(stream, durable);
  const left = num_pending + num_ack_pending;
  if (num_pending === 0) return { left, oldestSeconds: 0 };
  const next = { seq: delivered.stream_seq + 1, next_by_subj: config.filter_subject ?? '>' };
  const oldest = await jsm.direct.getMessage(stream, next);
  if (oldest === null || ts === undefined) return { left, oldestSeconds: 0 };
  return { left, oldestSeconds: Math.max(0, (Date.parse(ts) - oldest.time.getTime()) / 1000) };
}

/**
 * Reports what consumers have still to do. Where nobody can say (no such consumer, no way to NATS) its oldest message gets older all the same: who
 * hears nothing must not look like who has nothing to do.
 */
export function createBacklogWatch({ bus, meters, nowMs }: { bus: Bus; meters: Meters; nowMs: () => number }) {
  const known = new Map<string, { oldestSeconds: number; atMs: number }>();
  const beganMs = nowMs();
  return async (stream: string, durable: string): Promise<void> => {
    const look = bus.isConnected() ? readBacklog(bus.jsm, stream, durable) : Promise.resolve(null);
    const backlog = await look.catch(() => null);
    if (backlog === null) {
      const { oldestSeconds, atMs } = known.get(durable) ?? { oldestSeconds: 0, atMs: beganMs };
      meters.oldest(durable, oldestSeconds + (nowMs() - atMs) / 1000);
      return;
    }
    const { left, oldestSeconds } = backlog;
    known.set(durable, { oldestSeconds, atMs: nowMs() });
    meters.depth(durable, left);
    meters.oldest(durable, oldestSeconds);
  };
}
