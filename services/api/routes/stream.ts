import Type from 'typebox';
import type { FastifyReply } from 'fastify';
import { principalOfRequest } from '../auth/gate.ts';
import type { ApiMetrics } from '../metrics.ts';
import { Problem } from '../problems.ts';
import type { Api } from '../requests.ts';
import { frame, HEARTBEAT } from '../stream/frames.ts';
import type { EndedBecause, Hub, Sink } from '../stream/hub.ts';

export interface StreamDependencies {
  readonly hub: Hub;
  readonly metrics: ApiMetrics;
  readonly heartbeatMs?: number;
}

const HEARTBEAT_MS = 15_000;
const RETRY_MS = 3_000;
/** Who has stopped reading hears no end: neither its connection nor our leaving waits longer for it. */
const LAST_WORDS_MS = 3_000;
/** So long before the token ends, there is time to get another and come back. */
const REAUTHENTICATE_BEFORE_MS = 15_000;
/** Whoever hung on a process that leaves comes back within this time, not all at once. */
const DRAINED_WITHIN_MS = 4_000;

export function streamRoutes(app: Api, dependencies: StreamDependencies): void {
  const { hub, metrics, heartbeatMs = HEARTBEAT_MS } = dependencies;
  // Streams never end by themselves: without this, closing the server would wait for them.
  app.addHook('preClose', (done) => {
    hub.endAll();
    done();
  });
  app.get(
    '/v1/stream',
    {
      config: { access: ['donor', 'recipient', 'operator'] },
      schema: {
        summary: "Server-sent events of one's own offers and surpluses; Last-Event-ID resumes",
        description:
          'Events: `ready`, `offer` (recipients), `surplus` (donors, operators), `reset` (read the lists anew), ' +
          '`reauthenticate` (the token is about to expire, and this is the last event: connect with a new one and the last ' +
          'id, nothing is missed). A comment every 15 s keeps it open.',
        tags: ['stream'],
        headers: Type.Object({ 'last-event-id': Type.Optional(Type.String({ maxLength: 64 })) }),
        response: {
          200: { description: 'the stream', content: { 'text/event-stream': { schema: Type.String() } } },
          default: {
            description: 'a problem',
            content: { 'application/problem+json': { schema: Type.Ref('Problem') } },
          },
        },
      },
    },
    (request, reply) => {
      const principal = principalOfRequest(request);
      // Gone while it was being let in: its close was told already, and a place of its own would never be given back.
      if (reply.raw.destroyed) {
        reply.hijack();
        return;
      }
      const sink = sinkOf(reply, metrics);
      const connection = hub.connect(principal, sink, request.headers['last-event-id'] ?? null);
      if (connection === null) {
        throw new Problem('unavailable', 'The stream cannot be read just now.', { headers: { 'retry-after': '3' } });
      }
      sink.open();
      const heartbeat = setInterval(() => sink.write(HEARTBEAT), heartbeatMs);
      const leftMs = request.verified?.leftMs() ?? 0;
      // With a token that was nearly over, not at once, or a client that keeps it would come back and back.
      const expiry = setTimeout(() => sink.end('expired'), Math.max(leftMs - REAUTHENTICATE_BEFORE_MS, leftMs / 2));
      metrics.streamClients.inc();
      reply.raw.once('close', () => {
        clearInterval(heartbeat);
        clearTimeout(expiry);
        connection.close();
        metrics.streamClients.dec();
      });
    },
  );
}

interface OpenableSink extends Sink {
  /** Sends the head and what was written so far. From here on the answer is ours, not Fastify's. */
  open(): void;
}

function sinkOf(reply: FastifyReply, metrics: ApiMetrics): OpenableSink {
  const { raw } = reply;
  let early: string[] | null = [];
  return {
    open() {
      reply.hijack();
      const headers = {
        ...reply.getHeaders(),
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      };
      raw.writeHead(200, headers as Record<string, string>);
      raw.write(`retry: ${String(RETRY_MS)}\n\n${(early ?? []).join('')}`);
      early = null;
    },
    write(text) {
      if (early !== null) early.push(text);
      else if (!raw.writableEnded && !raw.destroyed) raw.write(text);
    },
    buffered: () => raw.writableLength,
    end(because: EndedBecause) {
      if (raw.writableEnded) return;
      metrics.streamDropped.inc({ because });
      if (because === 'expired') raw.write(frame('reauthenticate', {}, null));
      if (because === 'draining') raw.write(`retry: ${String(Math.ceil(Math.random() * DRAINED_WITHIN_MS))}\n\n`);
      // A slow reader would never see the end of what waits for it.
      if (because === 'slow') raw.destroy();
      else {
        raw.end();
        setTimeout(() => raw.destroy(), LAST_WORDS_MS).unref();
      }
    },
  };
}
