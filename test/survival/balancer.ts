/** Two or more apis behind what a load balancer does: it asks who is ready, and sends again only what was never sent. */
import { Pool } from 'undici';

export interface Ask {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Sent {
  /** 0: sent and lost, or nobody was there */
  readonly status: number;
  readonly body: unknown;
  /** why there is no answer; empty when there is one */
  readonly lost: string;
  readonly retryAfter: string | null;
  readonly tookMs: number;
}

export interface Balancer {
  send(ask: Ask): Promise<Sent>;
  /** the port of one that is ready; null: none is */
  pick(): number | null;
  close(): Promise<void>;
}

interface Backend {
  readonly port: number;
  readonly pool: Pool;
  ready: boolean;
  /** probes in a row without an answer */
  silent: number;
}

const PROBE_EVERY_MS = 200;
const PROBE_TIMEOUT_MS = 2_000;
/** One that says it is not ready is left at once; one that says nothing after so many probes. */
const SILENT_PROBES = 3;
const REQUEST_TIMEOUT_MS = 20_000;

export function createBalancer(ports: readonly number[], connections = 128): Balancer {
  const backends = ports.map((port): Backend => {
    const pool = new Pool(`http://127.0.0.1:${String(port)}`, { connections, pipelining: 1 });
    return { port, pool, ready: true, silent: 0 };
  });
  let turn = 0;
  let closed = false;

  const next = (): Backend | undefined => {
    const ready = backends.filter((each) => each.ready);
    return ready[turn++ % ready.length];
  };
  const watch = async (backend: Backend): Promise<void> => {
    while (!closed) {
      await probe(backend);
      await new Promise((resolve) => setTimeout(resolve, PROBE_EVERY_MS));
    }
  };
  for (const backend of backends) void watch(backend);

  async function send(ask: Ask): Promise<Sent> {
    const startedMs = performance.now();
    const took = (): number => performance.now() - startedMs;
    for (let tries = 0; tries < backends.length * 2; tries++) {
      // Nobody says it is ready: whoever there is, as Kubernetes does until the second no in a row. What they answer is what people get.
      const backend = next() ?? backends[turn++ % backends.length];
      if (backend === undefined) break;
      try {
        return { ...(await request(backend.pool, ask)), tookMs: took() };
      } catch (error) {
        const { code = '', message } = error as Error & { code?: string };
        if (code !== 'ECONNREFUSED')
          return { status: 0, body: null, lost: `${code} ${message}`, retryAfter: null, tookMs: took() };
        backend.ready = false;
      }
    }
    return { status: 0, body: null, lost: 'nobody is there', retryAfter: null, tookMs: took() };
  }

  return {
    send,
    pick: () => next()?.port ?? null,
    close: async () => {
      closed = true;
      await Promise.all(backends.map(({ pool }) => pool.destroy()));
    },
  };
}

async function request(pool: Pool, { method, path, headers, body }: Ask): Promise<Omit<Sent, 'tookMs'>> {
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  const answer = await pool.request({
    method,
    path,
    headers: { ...headers, ...json },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headersTimeout: REQUEST_TIMEOUT_MS,
    bodyTimeout: REQUEST_TIMEOUT_MS,
  });
  const text = await answer.body.text();
  const retryAfter = answer.headers['retry-after'];
  return {
    status: answer.statusCode,
    body: text === '' ? null : (JSON.parse(text) as unknown),
    lost: '',
    retryAfter: typeof retryAfter === 'string' ? retryAfter : null,
  };
}

async function probe(backend: Backend): Promise<void> {
  try {
    const answer = await fetch(`http://127.0.0.1:${String(backend.port)}/readyz`, {
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    });
    await answer.body?.cancel();
    backend.ready = answer.status === 200;
    backend.silent = 0;
  } catch {
    backend.silent++;
    if (backend.silent >= SILENT_PROBES) backend.ready = false;
  }
}
