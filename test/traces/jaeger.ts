/** A Jaeger of one's own, asked by its query API. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { jaegerSpec, jaegerUrl } from '../../dev/stack/infrastructure/jaeger.ts';
import { portsFrom } from '../../dev/stack/ports.ts';
import { CHECKOUT } from '../../dev/stack/tools.ts';
import { startTestServer, temporaryFolder } from '../../dev/testing/testServer.ts';
import type { SpanSeen, TraceKeeper } from './seen.ts';

interface JaegerSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly { readonly refType: string; readonly traceID: string; readonly spanID: string }[];
  readonly startTime: number;
  readonly duration: number;
  readonly tags: readonly { readonly key: string; readonly value: unknown }[];
  readonly processID: string;
}
interface JaegerTrace {
  readonly spans: readonly JaegerSpan[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
}

export async function startJaeger(): Promise<TraceKeeper> {
  const command = execFileSync(join(CHECKOUT, 'dev', 'jaeger', 'build'), {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
  const portOf = portsFrom({}, {});
  const server = await startTestServer(temporaryFolder('jaeger'), await jaegerSpec({ command, portOf }));
  const query = jaegerUrl(await portOf('jaeger'));
  return {
    endpoint: jaegerUrl(await portOf('jaeger.otlp')),
    async trace(traceId) {
      const response = await fetch(`${query}/api/traces/${traceId}`);
      if (response.status === 404) return [];
      const { data } = (await response.json()) as { data: JaegerTrace[] };
      return data.flatMap(({ spans, processes }) =>
        spans.map((span) => seenOf(span, processes[span.processID]?.serviceName ?? '')),
      );
    },
    stop: () => server.stop(),
  };
}

function seenOf(span: JaegerSpan, service: string): SpanSeen {
  const [parent] = span.references.filter((each) => each.refType === 'CHILD_OF');
  const attributes = Object.fromEntries(span.tags.map(({ key, value }) => [key, String(value)]));
  return {
    traceId: span.traceID,
    spanId: span.spanID,
    parentId: parent?.spanID ?? '',
    name: span.operationName,
    service,
    startUs: span.startTime,
    endUs: span.startTime + span.duration,
    attributes,
    links: span.references.filter((each) => each !== parent).map((each) => each.traceID),
    failed: attributes['error'] === 'true',
  };
}
