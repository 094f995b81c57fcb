/** A trace as whoever keeps traces tells it. */
export interface SpanSeen {
  readonly traceId: string;
  readonly spanId: string;
  /** '': it has none */
  readonly parentId: string;
  readonly name: string;
  readonly service: string;
  readonly startUs: number;
  readonly endUs: number;
  readonly attributes: Readonly<Record<string, string>>;
  /** trace ids its links lead to */
  readonly links: readonly string[];
  readonly failed: boolean;
}

/** Where the stack's spans go, and come back from. */
export interface TraceKeeper {
  /** for OTEL_EXPORTER_OTLP_ENDPOINT */
  readonly endpoint: string;
  /** All spans of a trace there are by now. */
  trace(traceId: string): Promise<readonly SpanSeen[]>;
  stop(): Promise<void>;
}
