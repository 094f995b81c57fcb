/** The lot events as they come, for screens: one ordered consumer a process, and a look back for those who were away. */
import { setTimeout as pause } from 'node:timers/promises';
import { fromBinary } from '@bufbuild/protobuf';
import { DeliverPolicy, type ConsumerMessages } from '@nats-io/jetstream';
import { LotEventSchema, type Lot, type LotEvent } from '#proto/gen/pahlawan/v1/events_pb.js';
import type { Bus } from './bus.ts';
import { LOTS } from './streams.ts';

export interface FeedEvent {
  /** when its stream was created, RFC 3339: a re-created stream is another */
  readonly stream: string;
  /** place in the stream, counting up */
  readonly seq: number;
  readonly event: LotEvent;
  readonly lot: Lot;
}

/** Where the feed is: the last event it has told. */
export type FeedPosition = Pick<FeedEvent, 'stream' | 'seq'>;

export interface LotFeed {
  /** null: the stream can't be read just now */
  position(): FeedPosition | null;
  /** The events after `afterSeq` up to a position, oldest first; those no longer there are left out. Throws when NATS is away. */
  since(afterSeq: number, upTo: FeedPosition): AsyncIterable<FeedEvent>;
  stop(): Promise<void>;
}

export interface LotFeedOptions {
  readonly bus: Bus;
  readonly onEvent: (event: FeedEvent) => void;
  /** false: nobody listens just now, so that events need not be read */
  readonly isHeard?: () => boolean;
  /** the stream was re-created: what clients know of their place is void */
  readonly onReset: () => void;
  readonly retryMs?: number;
  readonly checkMs?: number;
}

const LOOK_BACK_BATCH = 256;

/** Starts at the stream's end. Lost connections and streams are found again in the background. */
export function startLotFeed(options: LotFeedOptions): LotFeed {
  const { bus, onEvent, onReset, isHeard = () => true, retryMs = 1_000, checkMs = 5_000 } = options;
  let position: FeedPosition | null = null;
  let messages: ConsumerMessages | null = null;
  const stopped = new AbortController();

  function tell(seq: number, payload: Uint8Array): void {
    if (position === null) return;
    position = { ...position, seq };
    const read = isHeard() ? readFeedEvent(position, payload) : null;
    if (read !== null) onEvent(read);
  }

  async function follow(): Promise<void> {
    const { created, state } = await bus.jsm.streams.info(LOTS);
    // The same stream as before the loss: go on where we were, so that nobody misses anything. One that has lost its end (a disk, an older copy of its
    // files) gives the same places anew.
    const isSame = position?.stream === created && position.seq <= state.last_seq;
    const from = isSame && position !== null ? position.seq : state.last_seq;
    if (position !== null && !isSame) onReset();
    position = { stream: created, seq: from };
    const consumer = await bus.js.consumers.get(LOTS, {
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: from + 1,
    });
    messages = await consumer.consume({
      callback: (message) => tell(message.seq, message.data),
      abort_on_missing_resource: true,
    });
    if (stopped.signal.aborted) {
      await messages.close();
      return;
    }
    const check = setInterval(() => void endIfReplaced(created), checkMs);
    try {
      await messages.closed();
    } finally {
      clearInterval(check);
    }
  }

  /** Deleted and made anew between two heartbeats, it would be waited on for ever. */
  async function endIfReplaced(created: string): Promise<void> {
    const info = await bus.jsm.streams.info(LOTS).catch(() => null);
    if (info !== null && info.created !== created) await messages?.close();
  }

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      await follow().catch(() => undefined);
      await pause(retryMs, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  }

  const running = run();
  return {
    position: () => (bus.isConnected() ? position : null),
    since: (afterSeq, upTo) => lookBack(bus, afterSeq, upTo),
    stop: async () => {
      stopped.abort();
      await messages?.close();
      await running;
    },
  };
}

async function* lookBack(
  bus: Bus,
  afterSeq: number,
  { stream, seq: upToSeq }: FeedPosition,
): AsyncGenerator<FeedEvent> {
  for (let seq = afterSeq; seq < upToSeq;) {
    const batch = await bus.jsm.direct.getBatch(LOTS, { seq: seq + 1, batch: LOOK_BACK_BATCH });
    let last = seq;
    for await (const message of batch) {
      if (message.seq > upToSeq) return;
      last = message.seq;
      const read = readFeedEvent({ stream, seq: message.seq }, message.data);
      if (read !== null) yield read;
    }
    if (last === seq) return;
    seq = last;
  }
}

/** null: not a lot event; what comes over the bus is not believed. */
function readFeedEvent(place: FeedPosition, payload: Uint8Array): FeedEvent | null {
  try {
    const event = fromBinary(LotEventSchema, payload);
    return event.lot === undefined ? null : { ...place, event, lot: event.lot };
  } catch {
    return null;
  }
}
