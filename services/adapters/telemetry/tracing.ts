/** Traces go to an OTLP collector when one is configured; else nothing of OpenTelemetry's SDK is even loaded. docs/tracing.md */
import { readEnv } from '../config/env.ts';
import { TracingEnv, type ServiceName } from './tracingEnv.ts';

export interface Tracing {
  readonly isOn: boolean;
  /** Sends what is left; gives up after two seconds. */
  stop(): Promise<void>;
}

const OFF: Tracing = { isOn: false, stop: () => Promise.resolve() };

/** Call it before anything makes a span. @throws Error naming each variable that is malformed */
export async function startTracing(service: ServiceName, given: NodeJS.ProcessEnv): Promise<Tracing> {
  const env = readEnv(TracingEnv, given);
  const endpoint = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === '' || env.OTEL_SDK_DISABLED === 'true') return OFF;
  const { startOpenTelemetry } = await import('./openTelemetry.ts');
  return { isOn: true, stop: startOpenTelemetry(service, env) };
}
