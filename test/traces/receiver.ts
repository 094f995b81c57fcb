/** An OTLP/HTTP receiver: what our exporters send is decoded as a collector would, and kept in memory. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { readOtlp, type OtlpKeyValue, type OtlpSpan } from './otlp.ts';
import type { SpanSeen, TraceKeeper } from './seen.ts';

export interface Receiver extends TraceKeeper {
  /** every span that has come, of whatever trace */
  all(): readonly SpanSeen[];
  /** of the scopes that have come */
  schemaUrls(): ReadonlySet<string>;
}

export async function startReceiver(): Promise<Receiver> {
  const spans: SpanSeen[] = [];
  const schemaUrls = new Set<string>();
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const bytes = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      for (const { resource, scopeSpans } of readOtlp(bytes).resourceSpans) {
        const service = attributesOf(resource?.attributes ?? [])['service.name'] ?? '';
        for (const scope of scopeSpans) {
          schemaUrls.add(scope.schemaUrl);
          spans.push(...scope.spans.map((span) => seenOf(span, service)));
        }
      }
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    trace: (traceId) => Promise.resolve(spans.filter((span) => span.traceId === traceId)),
    all: () => spans,
    schemaUrls: () => schemaUrls,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function seenOf(span: OtlpSpan, service: string): SpanSeen {
  return {
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentId: hex(span.parentSpanId),
    name: span.name,
    service,
    startUs: Number(span.startTimeUnixNano / 1_000n),
    endUs: Number(span.endTimeUnixNano / 1_000n),
    attributes: attributesOf(span.attributes),
    links: span.links.map((link) => hex(link.traceId)),
    failed: span.status?.code === 2,
  };
}

function attributesOf(pairs: readonly OtlpKeyValue[]): Record<string, string> {
  const text = ({ value }: OtlpKeyValue): string =>
    value.stringValue || String(value.intValue || value.doubleValue || value.boolValue);
  return Object.fromEntries(pairs.map((pair) => [pair.key, text(pair)]));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
