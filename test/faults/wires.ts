/**
 * The wires between our processes and PostgreSQL, Redis and NATS go through toxiproxy, which slows, silences, truncates or cuts them: one wire
 * for each process and server, so that a server can be out of everybody's reach or of one's alone; and one to its own sidecar for
 * each process that calls cells.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../../dev/stack/ports.ts';
import { buildGoTool } from './goTool.ts';
import { surely } from './surely.ts';

export const SERVERS = ['postgres', 'redis', 'nats'] as const;
export type Server = (typeof SERVERS)[number];
/** `redis`: everybody's wires to it; `api-2>redis`: that process's alone; `api-2>daprd`: to the sidecar beside it. */
export type Wire = Server | `${string}>${Server | 'daprd'}`;

export interface Ports extends Readonly<Record<Server, number>> {
  readonly daprd?: number;
}

export interface Wires {
  /** where that process connects to */
  portsOf(name: string): Ports;
  /** Each way takes so long, and up to half as much again. */
  slow(wire: Wire, latencyMs: number): Promise<void>;
  /** So much passes in a second, each way. */
  trickle(wire: Wire, kilobytesPerSecond: number): Promise<void>;
  /** Each connection ends after so many bytes one way, wherever that is; a new one has as many again. */
  truncate(wire: Wire, bytes: number): Promise<void>;
  /** Nothing arrives any more, and nobody is told: what a lost route looks like. */
  silence(wire: Wire): Promise<void>;
  /** Connections end at once, new ones are refused. */
  cut(wire: Wire): Promise<void>;
  heal(wire: Wire): Promise<void>;
  stop(): Promise<void>;
}

const PACKAGE = 'github.com/Shopify/toxiproxy/v2/cmd/server';
const READY_WITHIN_MS = 5_000;

/**
 * @param upstream where the servers listen
 * @param processes who gets wires of its own
 * @param sidecars where the sidecars of those that have one listen
 * @throws Error when toxiproxy can't be built or started
 */
export async function layWires(
  upstream: Readonly<Record<Server, number>>,
  processes: readonly string[],
  sidecars: Readonly<Record<string, number>> = {},
): Promise<Wires> {
  const built = buildGoTool('toxiproxy', PACKAGE);
  if ('because' in built) throw new Error(built.because);
  const control = await freePort();
  const server = spawn(built.path, ['-host', '127.0.0.1', '-port', String(control)], { stdio: 'ignore' });
  const ended = once(server, 'exit');
  const ask = async (method: string, path: string, body?: object): Promise<void> => {
    const response = await fetch(`http://127.0.0.1:${String(control)}${path}`, {
      method,
      signal: AbortSignal.timeout(5_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`toxiproxy ${method} ${path}: ${String(response.status)}`);
    await response.arrayBuffer();
  };
  await surely(() => ask('GET', '/version'), READY_WITHIN_MS, 50);
  const lay = async (name: string, server: Server | 'daprd', towards: number): Promise<number> => {
    const port = await freePort();
    const [listen, to] = [port, towards].map((each) => `127.0.0.1:${String(each)}`);
    await ask('POST', '/proxies', { name: proxyOf(name, server), listen, upstream: to, enabled: true });
    return port;
  };
  const ports = new Map<string, Ports>();
  for (const name of processes) {
    const sidecar = sidecars[name];
    ports.set(name, {
      postgres: await lay(name, 'postgres', upstream.postgres),
      redis: await lay(name, 'redis', upstream.redis),
      nats: await lay(name, 'nats', upstream.nats),
      ...(sidecar === undefined ? {} : { daprd: await lay(name, 'daprd', sidecar) }),
    });
  }
  const each = async (wire: Wire, act: (proxy: string) => Promise<void>): Promise<void> => {
    await Promise.all(proxiesOf(wire, processes).map(act));
  };
  const both = (wire: Wire, type: string, attributes: object): Promise<void> =>
    each(wire, async (proxy) => {
      for (const stream of ['upstream', 'downstream'])
        await ask('POST', `/proxies/${proxy}/toxics`, { name: stream, type, stream, attributes });
    });
  return {
    portsOf: (name) => ports.get(name) ?? upstream,
    slow: (wire, latency) => both(wire, 'latency', { latency, jitter: Math.round(latency / 2) }),
    trickle: (wire, rate) => both(wire, 'bandwidth', { rate }),
    truncate: (wire, bytes) => both(wire, 'limit_data', { bytes }),
    // toxiproxy's timeout 0: what is sent meanwhile is dropped, and the connection closes when the toxic goes.
    silence: (wire) => both(wire, 'timeout', { timeout: 0 }),
    cut: (wire) => each(wire, (proxy) => ask('POST', `/proxies/${proxy}`, { enabled: false })),
    // Toxiproxy's reset is for all wires at once: another fault may hold on elsewhere.
    heal: (wire) =>
      each(wire, async (proxy) => {
        for (const stream of ['upstream', 'downstream'])
          await ask('DELETE', `/proxies/${proxy}/toxics/${stream}`).catch(() => undefined);
        await ask('POST', `/proxies/${proxy}`, { enabled: true });
      }),
    stop: async () => {
      server.kill('SIGKILL');
      await ended;
    },
  };
}

function proxyOf(name: string, server: string): string {
  return `${name}.${server}`;
}

function proxiesOf(wire: Wire, processes: readonly string[]): string[] {
  const [name = '', server] = wire.split('>');
  return server === undefined ? processes.map((each) => proxyOf(each, wire)) : [proxyOf(name, server)];
}
