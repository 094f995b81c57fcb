/** Our log: JSON lines that know their trace, and nothing about people. */
import { trace } from '@opentelemetry/api';
import { pino, type Logger } from 'pino';
import { standardOutput } from './standardOutput.ts';
import type { ServiceName } from './tracingEnv.ts';

/**
 * Fields that would name or reach a person, or let one in, wherever they stand on the first two levels. Nobody logs them on
 * purpose; this is for the day somebody logs a whole object.
 */
const PRIVATE = [
  ...[
    'authorization',
    'cookie',
    'token',
    'email',
    'phone',
    'contact',
    'name',
    'note',
    'address',
    'lat',
    'lon',
    'location',
  ],
  ...['subscription', 'endpoint', 'keys', 'code', 'body'],
];
const paths = PRIVATE.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

/** @param destination where lines go; stdout without one */
export function createLogger(service: ServiceName, level: string, destination = standardOutput()): Logger {
  const options = {
    level,
    base: { service },
    mixin: traceOfNow,
    serializers: { err: errorWithoutData },
    redact: { paths, censor: '[private]' },
  };
  return pino(options, destination);
}

/** Within a request or a turn: its trace, so that one leads to the other. */
function traceOfNow(): object {
  const now = trace.getActiveSpan()?.spanContext();
  return now === undefined ? {} : { trace_id: now.traceId, span_id: now.spanId };
}

interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly stack?: string | undefined;
  readonly errorCode?: string;
  readonly cause?: LoggedError;
}

/**
 * Of an error what says where and why. PostgreSQL's carry the failing row in `detail` and `where`, HTTP clients' carry whole
 * requests: such fields stay out.
 */
export function errorWithoutData(error: unknown): LoggedError | { readonly message: string } {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...(typeof code === 'string' ? { errorCode: code } : {}),
    ...(error.cause instanceof Error ? { cause: errorWithoutData(error.cause) as LoggedError } : {}),
  };
}
