/** The SDK, put together from its parts: the whole (sdk-node) brings gRPC, Zipkin, logs and metrics, which are not ours. */
import { hostname } from 'node:os';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type Sampler,
} from '@opentelemetry/sdk-trace';
import { withinMs } from '../timing/withinMs.ts';
import { ATTR_SERVICE_INSTANCE_ID, ATTR_SERVICE_NAME, ATTR_SERVICE_NAMESPACE } from './conventions.ts';
import type { ServiceName, TracingEnv } from './tracingEnv.ts';

/** Spans that wait to be sent, some 4 MB; more are dropped, work never waits for them. */
const MAX_QUEUE = 8_192;
const STOP_WITHIN_MS = 2_000;

/** The exporter reads its address and headers from the environment itself. @returns sends what is left and ends */
export function startOpenTelemetry(service: ServiceName, env: TracingEnv): () => Promise<void> {
  const resource = defaultResource().merge(
    resourceFromAttributes({
      [ATTR_SERVICE_NAME]: service,
      [ATTR_SERVICE_NAMESPACE]: 'pahlawan-pangan',
      [ATTR_SERVICE_INSTANCE_ID]: `${hostname()}-${String(process.pid)}`,
    }),
  );
  const processor = new BatchSpanProcessor({
    exporter: new OTLPTraceExporter({ timeoutMillis: STOP_WITHIN_MS }),
    maxQueueSize: MAX_QUEUE,
    scheduledDelayMillis: env.OTEL_BSP_SCHEDULE_DELAY,
  });
  const provider = new TracerProvider({ resource, sampler: samplerOf(env), spanProcessors: [processor] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  return async () => {
    const stopped = provider.shutdown().catch(() => undefined);
    await withinMs(STOP_WITHIN_MS, stopped, () => undefined);
  };
}

function samplerOf({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: ratio }: TracingEnv): Sampler {
  const roots: Record<string, () => Sampler> = {
    always_on: () => new AlwaysOnSampler(),
    always_off: () => new AlwaysOffSampler(),
    traceidratio: () => new TraceIdRatioBasedSampler(ratio),
  };
  const root = (roots[name.replace('parentbased_', '')] ?? (() => new AlwaysOffSampler()))();
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}
