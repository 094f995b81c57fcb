/**
 * The wires between our processes and PostgreSQL, Redis and NATS go through toxiproxy, which slows, silences (one way or both), truncates or cuts them: one wire
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

/** Takes that hurt back, and no other of the same wire. */
export type Heal = () => Promise<void>;

export interface Wires {
  /** where that process connects to */
  portsOf(name: string): Ports;
  /** Each way takes so long, by up to half of it more or less. */
  slow(wire: Wire, latencyMs: number): Promise<Heal>;
  /** So much passes in a second, each way. */
  trickle(wire: Wire, kilobytesPerSecond: number): Promise<Heal>;
  /** Each connection ends after so many bytes one way, wherever that is; a new one has as many again. */
  truncate(wire: Wire, bytes: number): Promise<Heal>;
  /** Nothing arrives any more, and nobody is told: what a lost route looks like. */
  silence(wire: Wire): Promise<Heal>;
  /** What is asked arrives, and no answer comes back. */
  deafen(wire: Wire): Promise<Heal>;
  /** Connections end at once, new ones are refused. */
  cut(wire: Wire): Promise<Heal>;
  stop(): Promise<void>;
}

const PACKAGE = 'github.com/Shopify/toxiproxy/v2/cmd/server';
const BOTH_WAYS: readonly string[] = ['upstream', 'downstream'];
const READY_WITHIN_MS = 5_000;
const HEALED_WITHIN_MS = 5_000;

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
    // taken back: it is not there
    if (!response.ok && !(method === 'DELETE' && response.status === 404))
      throw new Error(`toxiproxy ${method} ${path}: ${String(response.status)}`);
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
    // all of them, also where one fails: nothing may come after what takes it back
    const done = await Promise.allSettled(proxiesOf(wire, processes).map(act));
    for (const one of done) if (one.status === 'rejected') throw one.reason;
  };
  let hurts = 0;
  /** A hurt that was only done in part is taken back at once. */
  const hurt = async (wire: Wire, act: (proxy: string) => Promise<void>, back: typeof act): Promise<Heal> => {
    const heal = (): Promise<void> => each(wire, back);
    try {
      await each(wire, act);
    } catch (error) {
      await surely(heal, HEALED_WITHIN_MS, 250);
      throw error;
    }
    return heal;
  };
  const poison = (wire: Wire, type: string, attributes: object, streams = BOTH_WAYS): Promise<Heal> => {
    const name = `${type}-${String(++hurts)}`;
    const ways = async (act: (path: string, stream: string) => Promise<void>, proxy: string): Promise<void> => {
      for (const stream of streams) await act(`/proxies/${proxy}/toxics`, stream);
    };
    const add = (path: string, stream: string): Promise<void> =>
      ask('POST', path, { name: `${name}-${stream}`, type, stream, attributes });
    const take = (path: string, stream: string): Promise<void> => ask('DELETE', `${path}/${name}-${stream}`);
    return hurt(
      wire,
      (proxy) => ways(add, proxy),
      (proxy) => ways(take, proxy),
    );
  };
  const cuts = new Map<string, Set<number>>();
  const cut = (wire: Wire): Promise<Heal> => {
    const cutNow = ++hurts;
    const turn = async (proxy: string, act: 'add' | 'delete'): Promise<void> => {
      const all = cuts.get(proxy) ?? new Set();
      cuts.set(proxy, all);
      all[act](cutNow);
      await ask('POST', `/proxies/${proxy}`, { enabled: all.size === 0 });
    };
    return hurt(
      wire,
      (proxy) => turn(proxy, 'add'),
      (proxy) => turn(proxy, 'delete'),
    );
  };
  return {
    portsOf: (name) => ports.get(name) ?? upstream,
    slow: (wire, latency) => poison(wire, 'latency', { latency, jitter: Math.round(latency / 2) }),
    trickle: (wire, rate) => poison(wire, 'bandwidth', { rate }),
    truncate: (wire, bytes) => poison(wire, 'limit_data', { bytes }),
    // toxiproxy's timeout 0: what is sent meanwhile is dropped, and the connection closes when the toxic goes.
    silence: (wire) => poison(wire, 'timeout', { timeout: 0 }),
    deafen: (wire) => poison(wire, 'timeout', { timeout: 0 }, ['downstream']),
    cut,
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
