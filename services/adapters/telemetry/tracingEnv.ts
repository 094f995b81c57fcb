import { Type, type Static } from 'typebox';

/** OpenTelemetry's own names, as far as we know them. */
export const TracingEnv = Type.Object({
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.String({ default: '', pattern: '^(https?://.+)?$' }),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: Type.String({ default: '', pattern: '^(https?://.+)?$' }),
  OTEL_TRACES_SAMPLER: Type.Union(
    [
      Type.Literal('always_on'),
      Type.Literal('always_off'),
      Type.Literal('traceidratio'),
      Type.Literal('parentbased_always_on'),
      Type.Literal('parentbased_always_off'),
      Type.Literal('parentbased_traceidratio'),
    ],
    { default: 'parentbased_traceidratio' },
  ),
  /** the share of traces that a ratio sampler keeps */
  OTEL_TRACES_SAMPLER_ARG: Type.Number({ default: 0.1, minimum: 0, maximum: 1 }),
  OTEL_BSP_SCHEDULE_DELAY: Type.Integer({ default: 1_000, minimum: 1, maximum: 60_000 }),
  OTEL_SDK_DISABLED: Type.String({ default: '' }),
});
export type TracingEnv = Static<typeof TracingEnv>;

export type ServiceName = 'api' | 'actor-host' | 'relay' | 'worker';
