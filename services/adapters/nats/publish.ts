import { SpanKind } from '@opentelemetry/api';
import { headers, NoRespondersError, type MsgHdrs } from '@nats-io/transport-node';
import {
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_MESSAGING_MESSAGE_ID,
  ATTR_MESSAGING_OPERATION_NAME,
  ATTR_MESSAGING_OPERATION_TYPE,
  ATTR_MESSAGING_SYSTEM,
} from '../telemetry/conventions.ts';
import { fail, tracer } from '../telemetry/spans.ts';
import { contextOf, isRecorded, traceparentOfSpan } from '../telemetry/traceparent.ts';
import { isRefused, type Bus } from './bus.ts';
import { DEAD_LETTERS, LOTS } from './streams.ts';

export interface BusMessage {
  /** Nats-Msg-Id: the same id within the duplicate window is stored once */
  readonly id: string;
  readonly subject: string;
  readonly payload: Uint8Array;
  /** W3C trace context; null: none */
  readonly traceparent: string | null;
}

export type PublishOutcome =
  | { readonly stored: true; readonly duplicate: boolean }
  /** permanent: this message can never be stored; else: later perhaps */
  | { readonly stored: false; readonly permanent: boolean; readonly because: string };

/** Resolves when JetStream has acknowledged or refused the message; never throws. Calls may be pipelined. */
export type Publish = (message: BusMessage) => Promise<PublishOutcome>;

const ACK_TIMEOUT_MS = 2_000;
const MESSAGE_SIZE_EXCEEDS_MAXIMUM = 10_054;
/** What headers and the protocol line may add. */
const ENVELOPE_BYTES = 512;
/** NATS: tokens without white space or wildcards. */
const SUBJECT = /^(lot|dead)(\.[^\s.*>]+)+$/;

/** @param onNoStream the stream is gone, or not as we made it: called so that somebody makes it anew */
export function createPublish(bus: Bus, onNoStream: () => Promise<void>): Publish {
  return (message) => traced(message, (sent) => publishOnce(bus, onNoStream, sent));
}

/** EventPublish goes on in the trace the message came with, and into its header: who reads it is below the publishing. */
async function traced(message: BusMessage, publish: Publish): Promise<PublishOutcome> {
  if (!isRecorded(message.traceparent)) return await publish(message);
  const attributes = {
    [ATTR_MESSAGING_SYSTEM]: 'nats',
    [ATTR_MESSAGING_OPERATION_NAME]: 'publish',
    [ATTR_MESSAGING_OPERATION_TYPE]: 'send',
    [ATTR_MESSAGING_DESTINATION_NAME]: message.subject,
    [ATTR_MESSAGING_MESSAGE_ID]: message.id,
  };
  const span = tracer.startSpan(
    'EventPublish',
    { kind: SpanKind.PRODUCER, attributes },
    contextOf(message.traceparent),
  );
  // Off here, on elsewhere: the message keeps the trace it came with.
  const traceparent = span.isRecording() ? traceparentOfSpan(span.spanContext()) : message.traceparent;
  const outcome = await publish({ ...message, traceparent });
  if (outcome.stored) span.setAttribute('pahlawan.duplicate', outcome.duplicate);
  else fail(span, outcome.permanent ? 'never storable' : 'not stored');
  span.end();
  return outcome;
}

async function publishOnce(bus: Bus, onNoStream: () => Promise<void>, message: BusMessage): Promise<PublishOutcome> {
  try {
    const problem = neverStorable(bus, message);
    if (problem !== null) return { stored: false, permanent: true, because: problem };
    const ack = await bus.js.publish(message.subject, message.payload, {
      msgID: message.id,
      timeout: ACK_TIMEOUT_MS,
      headers: headersOf(message),
    });
    // Another stream has our subjects: there nobody looks for it.
    if (ack.stream !== streamOf(message)) return { stored: false, permanent: false, because: `${ack.stream} took it` };
    return { stored: true, duplicate: ack.duplicate };
  } catch (error) {
    // a limit of its own is no stream of ours either: it goes when the stream is brought back to its definition
    if (isNoStream(error) || isRefused(error, MESSAGE_SIZE_EXCEEDS_MAXIMUM)) await onNoStream().catch(() => undefined);
    return { stored: false, permanent: false, because: error instanceof Error ? error.message : 'unknown' };
  }
}

function streamOf({ subject }: BusMessage): string {
  return subject.startsWith('dead.') ? DEAD_LETTERS : LOTS;
}

function neverStorable(bus: Bus, message: BusMessage): string | null {
  if (!SUBJECT.test(message.subject)) return `no stream takes the subject ${message.subject.slice(0, 100)}`;
  const limitBytes = bus.connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
  const bytes = message.payload.byteLength + ENVELOPE_BYTES;
  return bytes > limitBytes ? `${String(bytes)} bytes exceed the limit of ${String(limitBytes)}` : null;
}

function headersOf(message: BusMessage): MsgHdrs {
  const set = headers();
  if (message.traceparent !== null && message.traceparent !== '') set.set('traceparent', message.traceparent);
  return set;
}

/** With no stream on a subject nobody responds to the publish; the client wraps that twice. */
function isNoStream(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof NoRespondersError) return true;
  }
  return false;
}
