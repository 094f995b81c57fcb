/** Making spans at the edges. By hand: instrumentation by hooks fails silently where modules are ESM. */
import {
  context,
  SpanStatusCode,
  trace,
  type Attributes,
  type Span,
  type SpanKind,
  type Tracer,
} from '@opentelemetry/api';
import { SCHEMA_URL } from './conventions.ts';

/** Does nothing until `startTracing` has found a collector. */
export const tracer: Tracer = trace
  .getTracerProvider()
  .getTracer('pahlawan-pangan', undefined, { schemaUrl: SCHEMA_URL });

/** Is what runs now part of a trace that is recorded? */
export function isRecording(): boolean {
  return ((trace.getSpanContext(context.active())?.traceFlags ?? 0) & 1) !== 0;
}

/**
 * A step of what runs now as a span of its own; a throw is its error. Outside a recorded trace only the work is done.
 * @param describe what the result says about the step: attributes, and `failed` when it is an error all the same
 */
export async function step<Result>(
  name: string,
  given: { readonly kind: SpanKind; readonly attributes?: Attributes },
  work: () => Promise<Result>,
  describe?: (result: Result) => { readonly attributes: Attributes; readonly failed?: string },
): Promise<Result> {
  if (!isRecording()) return await work();
  const span = tracer.startSpan(name, given);
  try {
    const result = await context.with(trace.setSpan(context.active(), span), work);
    const { attributes = {}, failed } = describe?.(result) ?? {};
    span.setAttributes(attributes);
    if (failed !== undefined) fail(span, failed);
    return result;
  } catch (error) {
    fail(span, nameOf(error));
    throw error;
  } finally {
    span.end();
  }
}

/** @param because a code or a kind of error, never its text: that may hold what people typed in */
export function fail(span: Span, because: string): void {
  span.setStatus({ code: SpanStatusCode.ERROR, message: because });
}

/** `DatabaseError 57014`, `TimeoutError` */
export function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^[A-Z0-9_]{1,40}$/.test(code) ? `${error.name} ${code}` : error.name;
}
