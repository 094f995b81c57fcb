import { setTimeout as pause } from 'node:timers/promises';
import {
  AckPolicy,
  DeliverPolicy,
  type ConsumerConfig,
  type ConsumerInfo,
  type ConsumerMessages,
  type JetStreamManager,
  type JsMsg,
} from '@nats-io/jetstream';
import { context } from '@opentelemetry/api';
import type { Logger } from 'pino';
import { contextOf } from '../telemetry/traceparent.ts';
import { isRefused, type Bus } from './bus.ts';
import { deadLetterMessage, regionOfSubject } from './deadLetter.ts';
import type { BusMessage, Publish } from './publish.ts';

export interface Delivery {
  readonly subject: string;
  readonly payload: Uint8Array;
  /** Nats-Msg-Id it was stored under; empty: none */
  readonly id: string;
  readonly seq: number;
  /** 1: the first time */
  readonly deliveries: number;
  readonly traceparent: string | null;
}

/** What becomes of a message: `retry` by backoff (or after `afterMs`), `dead` can't be processed at all. */
export type Outcome =
  | { readonly done: true }
  | { readonly retry: string; readonly afterMs?: number }
  | { readonly dead: string; readonly lotId?: string; readonly lotVersion?: number };

export const DONE: Outcome = { done: true };

export interface ConsumerSpec {
  readonly stream: string;
  /** several processes with the same name share the messages */
  readonly durable: string;
  readonly filter: string;
  /** messages at work at once in this process */
  readonly concurrency: number;
  /** tries before it is dead-lettered as undeliverable; null: for ever */
  readonly maxTries: number | null;
  /** messages with the same key are handled one after the other, in stream order */
  readonly keyOf: (delivery: Delivery) => string;
  /** a throw is a retry */
  readonly handle: (delivery: Delivery) => Promise<Outcome>;
  /** whether what was thrown says nothing of the message: it stays at the desk until that is over, and uses up no try. Default: never */
  readonly isOutage?: (error: unknown) => boolean;
  readonly onOutcome?: (outcome: 'done' | 'retried' | 'dead') => void;
}

export interface ConsumerPorts {
  readonly bus: Bus;
  readonly publish: Publish;
  /** makes deleted streams anew */
  readonly keepStreams: () => Promise<void>;
  readonly log: Pick<Logger, 'warn' | 'error'>;
}

export interface RunningConsumer {
  /** Ends what is at work; nothing new is taken. */
  stop(): Promise<void>;
}

/** with another configuration */
const CONSUMER_EXISTS = 10_148;
/** a server that can't just then, not one that never will */
const NOT_NOW = 503;
const NANOS_PER_MS = 1_000_000;
const ACK_WAIT_MS = 30_000;
const STILL_WORKING_EVERY_MS = 10_000;
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 30_000;
/** Who waits for the database looks again this often. */
const MAX_OUTAGE_PAUSE_MS = 5_000;
/** After that it counts as a try: what fails for ever must end among the dead letters. */
const LONGEST_OUTAGE_MS = 15 * 60_000;
const RESTART_MS = 500;
/** A server-side limit above ours: we dead-letter before the message would silently stop being delivered. */
const SPARE_TRIES = 5;
/** All processes together; of one, `concurrency` and what is fetched ahead. */
const MAX_ACK_PENDING = 2_000;
/** So many wait in a process for room at its desk, at most. */
const FETCHED_AHEAD = 256;

/** Works through a stream until stopped; consumer and stream are made anew when somebody deletes them. */
export function startConsumer(ports: ConsumerPorts, spec: ConsumerSpec): RunningConsumer {
  let messages: ConsumerMessages | null = null;
  const closing = new AbortController();
  const desk = createDesk(ports, spec, closing.signal);
  const work = async (): Promise<void> => {
    messages = await openConsumer(ports, spec);
    // Stopped while it was being opened: nobody stops it any more, and the next message may be a week away. It says that it is closed only to who reads it.
    if (closing.signal.aborted) {
      messages.stop();
      return;
    }
    for await (const message of messages) {
      await desk.take(message);
      if (closing.signal.aborted) break;
    }
  };
  const ended = (error: unknown): void => {
    ports.log.warn({ err: error, durable: spec.durable }, 'the consumer ended; starting it again');
  };
  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      if (ports.bus.isConnected()) await work().catch(ended);
      if (!closing.signal.aborted) await new Promise((resolve) => setTimeout(resolve, RESTART_MS));
    }
  };
  const running = run();
  return {
    stop: async () => {
      closing.abort();
      await messages?.close().catch(() => undefined);
      await running;
      await desk.empty();
    },
  };
}

async function openConsumer(ports: ConsumerPorts, spec: ConsumerSpec): Promise<ConsumerMessages> {
  // What JetStream will not change, of this stream or another, may still be read from; if it is not there the next question says so.
  await ports.keepStreams().catch((error: unknown) => {
    if (!isRefused(error)) throw error;
    ports.log.warn({ err: error }, 'a stream is not as it should be, and can’t be changed: an operator has to');
  });
  const isPaused = await ensureConsumer(ports.bus.jsm, spec.stream, {
    durable_name: spec.durable,
    ack_policy: AckPolicy.Explicit,
    ack_wait: ACK_WAIT_MS * NANOS_PER_MS,
    deliver_policy: DeliverPolicy.All,
    filter_subject: spec.filter,
    max_ack_pending: MAX_ACK_PENDING,
    max_deliver: spec.maxTries === null ? -1 : spec.maxTries + SPARE_TRIES,
  });
  if (isPaused) {
    await ports.bus.jsm.consumers.resume(spec.stream, spec.durable);
    ports.log.warn({ durable: spec.durable }, 'somebody had paused the consumer: it goes on');
  }
  const consumer = await ports.bus.js.consumers.get(spec.stream, spec.durable);
  return consumer.consume({
    max_messages: Math.min(spec.concurrency, FETCHED_AHEAD),
    expires: 5_000,
    abort_on_missing_resource: true,
  });
}

type OurConsumer = Partial<ConsumerConfig> & Required<Pick<ConsumerConfig, 'durable_name'>>;

/**
 * Makes it, or brings one that an operator or another version has made otherwise to what it should be. What can't be changed is made anew: it begins
 * at the stream's start, and what was done is known as done.
 * @returns whether somebody paused it: no definition says so, and none takes it back
 */
async function ensureConsumer(jsm: JetStreamManager, stream: string, config: OurConsumer): Promise<boolean> {
  const add = async (): Promise<ConsumerInfo> => await jsm.consumers.add(stream, config);
  const remade = async (because: unknown): Promise<ConsumerInfo> => {
    if (!isRefused(because) || because.status === NOT_NOW) throw because;
    await jsm.consumers.delete(stream, config.durable_name);
    return await add();
  };
  const changed = async (error: unknown): Promise<ConsumerInfo> => {
    if (!isRefused(error, CONSUMER_EXISTS)) throw error;
    return await jsm.consumers.update(stream, config.durable_name, config).catch(remade);
  };
  const { paused } = await add().catch(changed);
  return paused === true;
}

interface Desk {
  /** Resolves when there is room for the next message. */
  take(message: JsMsg): Promise<void>;
  empty(): Promise<void>;
}

/** Bounded, side by side, but one after the other where the key is the same. */
function createDesk(ports: ConsumerPorts, spec: ConsumerSpec, closing: AbortSignal): Desk {
  const atWork = new Set<Promise<void>>();
  const lastOfKey = new Map<string, Promise<void>>();
  const heldUp = new Set<JsMsg>();
  let roomMade: (() => void) | null = null;
  const heartbeat = setInterval(() => {
    for (const message of heldUp) message.working();
  }, STILL_WORKING_EVERY_MS);
  return {
    take: async (message) => {
      const delivery = deliveryOf(message);
      const key = spec.keyOf(delivery);
      heldUp.add(message);
      const before = lastOfKey.get(key) ?? Promise.resolve();
      const work = before
        // What is done for a message belongs to the trace it came with.
        .then(() =>
          context.with(contextOf(delivery.traceparent), () => settle(ports, spec, message, delivery, closing)),
        )
        .finally(() => {
          heldUp.delete(message);
          atWork.delete(work);
          roomMade?.();
          if (lastOfKey.get(key) === work) lastOfKey.delete(key);
        });
      lastOfKey.set(key, work);
      atWork.add(work);
      while (atWork.size >= spec.concurrency) await new Promise<void>((resolve) => (roomMade = resolve));
    },
    empty: async () => {
      await Promise.all(atWork);
      clearInterval(heartbeat);
    },
  };
}

function deliveryOf(message: JsMsg): Delivery {
  return {
    subject: message.subject,
    payload: message.data,
    id: message.headers?.get('Nats-Msg-Id') ?? '',
    seq: message.seq,
    deliveries: message.info.deliveryCount,
    traceparent: message.headers?.get('traceparent') || null,
  };
}

/** Never throws: whatever happens, the message is acknowledged, put back or dead-lettered. */
async function settle(
  ports: ConsumerPorts,
  spec: ConsumerSpec,
  message: JsMsg,
  delivery: Delivery,
  closing: AbortSignal,
): Promise<void> {
  const outcome = await handled(ports, spec, delivery, closing);
  if ('done' in outcome) {
    message.ack();
    spec.onOutcome?.('done');
    return;
  }
  const lastTry = spec.maxTries !== null && delivery.deliveries >= spec.maxTries;
  if ('retry' in outcome && (outcome.isOutage === true || !lastTry)) {
    ports.log.warn({ durable: spec.durable, because: outcome.retry, deliveries: delivery.deliveries }, 'put back');
    // a plain nak would come back at once, ignoring any backoff
    message.nak(outcome.afterMs ?? retryAfterMs(delivery.deliveries));
    spec.onOutcome?.('retried');
    return;
  }
  await bury(ports, spec, message, delivery, outcome);
}

type Handled = Outcome & { readonly isOutage?: true };

/** What becomes of it, once whatever it needs answers again; its sender is told meanwhile that it is at work. */
async function handled(
  { log }: ConsumerPorts,
  { durable, handle, isOutage = () => false }: ConsumerSpec,
  delivery: Delivery,
  closing: AbortSignal,
): Promise<Handled> {
  const untilMs = performance.now() + LONGEST_OUTAGE_MS;
  for (let tries = 1; ; tries++) {
    try {
      return await handle(delivery);
    } catch (error) {
      if (!isOutage(error) || performance.now() > untilMs) return { retry: String(error) };
      if (closing.aborted) return { retry: String(error), isOutage: true };
      if (tries === 1) log.warn({ durable, err: error }, 'waiting until it can be done');
      await pause(Math.min(MAX_OUTAGE_PAUSE_MS, retryAfterMs(tries)), undefined, { signal: closing }).catch(
        () => undefined,
      );
    }
  }
}

async function bury(
  ports: ConsumerPorts,
  spec: ConsumerSpec,
  message: JsMsg,
  delivery: Delivery,
  outcome: Exclude<Outcome, { done: true }>,
): Promise<void> {
  const because = 'dead' in outcome ? outcome.dead : outcome.retry;
  ports.log.error({ durable: spec.durable, because, subject: delivery.subject }, 'undeliverable');
  // what stands in the dead letters already stays there
  const letterWith = (payload: Uint8Array | null): BusMessage => letterOf(spec, message, delivery, outcome, payload);
  const buried = spec.maxTries === null || (await isStored(ports.publish, letterWith, delivery.payload));
  if (!buried) {
    message.nak(MAX_RETRY_MS);
    return;
  }
  message.term(because.slice(0, 100));
  spec.onOutcome?.('dead');
}

/** A message of nearly the greatest size leaves no room for what a letter says of it: then it goes without. */
async function isStored(
  publish: Publish,
  letterWith: (payload: Uint8Array | null) => BusMessage,
  payload: Uint8Array,
): Promise<boolean> {
  const whole = await publish(letterWith(payload));
  if (whole.stored || !whole.permanent) return whole.stored;
  return (await publish(letterWith(null))).stored;
}

function letterOf(
  spec: ConsumerSpec,
  message: JsMsg,
  delivery: Delivery,
  outcome: Exclude<Outcome, { done: true }>,
  originalPayload: Uint8Array | null,
): BusMessage {
  const because = 'dead' in outcome ? outcome.dead : `${String(delivery.deliveries)} tries: ${outcome.retry}`;
  return deadLetterMessage(
    // a stream made anew counts from 1 again: the time tells its messages from the old ones
    `undeliverable:${spec.durable}:${String(delivery.seq)}:${String(message.timestampNanos)}`,
    {
      cause: 'undeliverable',
      detail: `${spec.durable}: ${because}`,
      originalSubject: delivery.subject,
      originalPayload,
      lotId: 'dead' in outcome ? (outcome.lotId ?? null) : spec.keyOf(delivery) || null,
      region: regionOfSubject(delivery.subject),
      lotVersion: 'dead' in outcome ? (outcome.lotVersion ?? 0) : 0,
      traceparent: delivery.traceparent,
    },
    Date.now(),
  );
}

/** 0.5, 1, 2 … 30 s, ± a quarter. */
export function retryAfterMs(deliveries: number): number {
  const fullMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (deliveries - 1));
  return Math.round(fullMs * (0.75 + Math.random() / 2));
}
