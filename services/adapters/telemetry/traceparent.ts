/** W3C trace context, version 00: `00-<trace id>-<span id>-<flags>`; flag 01 says that the trace is recorded. */
import { randomBytesOf } from '../ids/random.ts';
import { ROOT_CONTEXT, TraceFlags, trace, type Context, type SpanContext } from '@opentelemetry/api';

const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** null: it is none we can read */
export function spanContextOf(traceparent: string | null | undefined): SpanContext | null {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  const isSampled = (Number.parseInt(flags, 16) & TraceFlags.SAMPLED) !== 0;
  return { traceId, spanId, traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE, isRemote: true };
}

/** The context of whoever sent this traceparent; the root where there is none. */
export function contextOf(traceparent: string | null | undefined): Context {
  const remote = spanContextOf(traceparent);
  return remote === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote);
}

export function traceparentOfSpan({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & TraceFlags.SAMPLED) === 0 ? '00' : '01'}`;
}

export function isRecorded(traceparent: string | null): boolean {
  return spanContextOf(traceparent)?.traceFlags === TraceFlags.SAMPLED;
}

/** A trace that nobody records: it still ties events, messages and logs together. */
export function newTraceparent(): string {
  const random = Buffer.from(randomBytesOf(24)).toString('hex');
  return `00-${random.slice(0, 32)}-${random.slice(32)}-00`;
}
