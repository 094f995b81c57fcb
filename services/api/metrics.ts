import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { PROBLEM_CODES } from './problems.ts';

/** Labels are few and bounded: no ids, no paths as called, only route patterns. */
export interface ApiMetrics {
  readonly registry: Registry;
  readonly requestSeconds: Histogram<'method' | 'route' | 'status'>;
  readonly problems: Counter<'type'>;
  readonly rateLimitFailures: Counter;
  readonly jwksFetches: Counter<'ok'>;
  readonly joinedRequests: Counter;
  readonly cellCalls: Counter<'ok'>;
  readonly cellAgain: Counter<'because'>;
  readonly cellBatch: Histogram;
  readonly streamClients: Gauge;
  readonly streamDropped: Counter<'because'>;
}

export function createApiMetrics(registry = new Registry()): ApiMetrics {
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    requestSeconds: new Histogram({
      name: 'api_request_seconds',
      help: 'Time from request to answer',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    }),
    problems: counterOf(registers, 'api_problems_total', 'Problems answered, by type', 'type', PROBLEM_CODES),
    rateLimitFailures: new Counter({
      name: 'api_rate_limit_failures_total',
      help: 'Requests let pass uncounted because Redis did not answer',
      registers,
    }),
    jwksFetches: new Counter({
      name: 'api_jwks_fetches_total',
      help: 'Times the issuer was asked for keys',
      labelNames: ['ok'],
      registers,
    }),
    joinedRequests: new Counter({
      name: 'api_joined_requests_total',
      help: 'Repeats that waited for the first request with their key',
      registers,
    }),
    cellCalls: new Counter({ name: 'api_cell_calls_total', help: 'Calls to cells', labelNames: ['ok'], registers }),
    cellBatch: new Histogram({
      name: 'api_cell_batch_size',
      help: 'Commands per call, of all its cells',
      buckets: [1, 2, 5, 10, 20, 50, 100],
      registers,
    }),
    cellAgain: counterOf(
      registers,
      'api_cell_commands_again_total',
      'Commands to cells that had to be sent once more',
      'because',
      ['away', 'moved', 'busy', 'silent'],
    ),
    streamClients: new Gauge({ name: 'api_stream_clients', help: 'Connected event streams', registers }),
    streamDropped: new Counter({
      name: 'api_stream_dropped_total',
      help: 'Event streams ended by us',
      labelNames: ['because'],
      registers,
    }),
  };
}

/** Each of the label's values stands there from the start, at 0. */
function counterOf<Label extends string>(
  registers: Registry[],
  name: string,
  help: string,
  label: Label,
  values: readonly string[],
): Counter<Label> {
  const counter = new Counter({ name, help, labelNames: [label], registers });
  for (const value of values) counter.labels(value).inc(0);
  return counter;
}
