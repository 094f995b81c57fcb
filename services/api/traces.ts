/** Every request that may change or read something is a span, `http.request`; what follows from it goes on in its trace. */
import { context, SpanKind, trace, type Context, type Span } from '@opentelemetry/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
} from '#adapters/telemetry/conventions.ts';
import { fail, tracer } from '#adapters/telemetry/spans.ts';
import { contextOf, newTraceparent, spanContextOf, traceparentOfSpan } from '#adapters/telemetry/traceparent.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** null: not traced */
    span: Span | null;
  }
}

/** Asked every second or so by those who watch us, or open for hours: nothing to learn from. */
const UNTRACED: ReadonlySet<string | undefined> = new Set(['/healthz', '/readyz', '/metrics', '/v1/stream']);

/** Call it before other hooks are added: they run inside the span. */
export function traceRequests(app: FastifyInstance): void {
  app.decorateRequest('span', null);
  app.addHook('onRequest', (request, reply, done) => {
    if (UNTRACED.has(request.routeOptions.url)) return void done();
    request.span = startSpan(request, reply);
    context.with(surroundings(request.span), done);
  });
  // Reading the body leaves the surroundings of onRequest.
  app.addHook('preValidation', (request, _, done) => {
    if (request.span === null) return void done();
    context.with(surroundings(request.span), done);
  });
  app.addHook('onSend', (request, reply, _, done) => {
    if (request.span !== null) reply.header('traceresponse', traceparentOfSpan(request.span.spanContext()));
    done();
  });
}

function surroundings(span: Span): Context {
  return trace.setSpan(context.active(), span);
}

/** Ids of organisations stand in paths and queries: only the route's pattern is told. */
function startSpan(request: FastifyRequest, reply: FastifyReply): Span {
  const attributes = {
    [ATTR_HTTP_REQUEST_METHOD]: request.method,
    [ATTR_HTTP_ROUTE]: request.routeOptions.url ?? 'none',
  };
  const parent = contextOf(headerOf(request));
  const span = tracer.startSpan('http.request', { kind: SpanKind.SERVER, attributes }, parent);
  // `close` comes after an answer and after a caller who has gone.
  reply.raw.once('close', () => {
    const { statusCode } = reply;
    if (reply.raw.writableFinished) span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, statusCode);
    else span.setAttribute(ATTR_ERROR_TYPE, 'caller gone');
    if (statusCode >= 500) {
      span.setAttribute(ATTR_ERROR_TYPE, String(statusCode));
      fail(span, String(statusCode));
    }
    span.end();
  });
  return span;
}

function headerOf(request: Pick<FastifyRequest, 'headers'>): string | null {
  const given = request.headers['traceparent'];
  return typeof given === 'string' ? given : null;
}

/** What this request's commands go on with: its span; without tracing the caller's own, or a new one. */
export function traceparentOf(request: Pick<FastifyRequest, 'headers' | 'span'>): string {
  if (request.span) return traceparentOfSpan(request.span.spanContext());
  const given = headerOf(request);
  return given !== null && spanContextOf(given) !== null ? given : newTraceparent();
}
