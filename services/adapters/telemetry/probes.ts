import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { withinMs } from '../timing/withinMs.ts';

export interface Probes {
  readonly port: number;
  close(): Promise<void>;
}

export interface ProbeOptions {
  readonly host: string;
  /** 0: any free one */
  readonly port: number;
  readonly registry: Pick<Registry, 'contentType' | 'metrics'>;
  /** Says what is missing, empty when all dependencies answer. */
  readonly missing: () => Promise<readonly string[]>;
}

const READY_TIMEOUT_MS = 2_000;

/** /healthz, /readyz and /metrics of a process that has no other HTTP. */
export async function serveProbes(options: ProbeOptions): Promise<Probes> {
  const server = createServer((request, response) => {
    void answer(options, request.url ?? '', response).catch(() => {
      reply(response, 500, 'text/plain', 'internal error');
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function answer(options: ProbeOptions, url: string, response: ServerResponse): Promise<void> {
  if (url === '/healthz') return reply(response, 200, 'application/json', '{"status":"ok"}');
  if (url === '/metrics') return reply(response, 200, options.registry.contentType, await options.registry.metrics());
  if (url !== '/readyz') return reply(response, 404, 'text/plain', 'not found');
  const missing = await withinMs(READY_TIMEOUT_MS, options.missing(), () => ['an answer in time']);
  const status = missing.length === 0 ? 'ready' : 'not ready';
  reply(response, missing.length === 0 ? 200 : 503, 'application/json', JSON.stringify({ status, missing }));
}

function reply(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type }).end(body);
}
