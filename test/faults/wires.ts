/**
 * The wires between our processes and the servers, between them and their sidecars, and from sidecars to Dapr's placement go through toxiproxy, which
 * slows, slices, silences (one way or both), truncates, resets or cuts them: a wire for each pair, so that a server can be out of everybody's reach or of one's alone.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../../dev/stack/ports.ts';
import { buildGoTool } from './goTool.ts';
import { surely } from './surely.ts';

export const SERVERS = ['postgres', 'redis', 'nats'] as const;
/** `redis`: everybody's wires to it; `api-2>redis`: that process's alone; `api-2>daprd`: to the sidecar beside it; `api-2.daprd>placement`: the sidecar's. */
export type Wire = string;

/** Who connects to whom, and where that one listens. */
export interface Link {
  readonly from: string;
  readonly to: string;
  readonly port: number;
}

/** Takes that hurt back, and no other of the same wire. */
export type Heal = () => Promise<void>;

export interface Wires {
  /** where it connects to instead. @throws Error where no wire was laid */
  portOf(from: string, to: string): number;
  /** of all that it stands for */
  portsOf(wire: Wire): number[];
  /** Each way takes so long, by up to half of it more or less. */
  slow(wire: Wire, latencyMs: number): Promise<Heal>;
  /** So much passes in a second, each way. */
  trickle(wire: Wire, kilobytesPerSecond: number): Promise<Heal>;
  /** Each connection ends after so many bytes one way, wherever that is; a new one has as many again. */
  truncate(wire: Wire, bytes: number): Promise<Heal>;
  /** What is sent arrives in pieces of some bytes, each by itself. */
  slice(wire: Wire, bytes: number): Promise<Heal>;
  /** What is sent first is lost, and so long after it the connection is reset; those that were open end first. */
  reset(wire: Wire, afterMs: number): Promise<Heal>;
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
const SLICE_EVERY_US = 50;

/** @throws Error when toxiproxy can't be built or started */
export async function layWires(links: readonly Link[]): Promise<Wires> {
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
  const ports = new Map<string, number>();
  for (const { from, to, port } of links) {
    const name = proxyOf(from, to);
    const own = await freePort();
    ports.set(name, own);
    const [listen, upstream] = [own, port].map((each) => `127.0.0.1:${String(each)}`);
    await ask('POST', '/proxies', { name, listen, upstream, enabled: true });
  }
  let hurts = 0;
  /** A hurt that was only done in part is taken back at once. */
  const hurt = async (wire: Wire, act: (proxy: string) => Promise<void>, back: typeof act): Promise<Heal> => {
    const proxies = proxiesOf(wire, links);
    const heal = (): Promise<void> => each(proxies, back);
    try {
      await each(proxies, act);
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
    portOf: (from, to) => {
      const port = ports.get(proxyOf(from, to));
      if (port === undefined) throw new Error(`no wire leads from ${from} to ${to}`);
      return port;
    },
    portsOf: (wire) => proxiesOf(wire, links).flatMap((proxy) => ports.get(proxy) ?? []),
    slow: (wire, latency) => poison(wire, 'latency', { latency, jitter: Math.round(latency / 2) }),
    trickle: (wire, rate) => poison(wire, 'bandwidth', { rate }),
    truncate: (wire, bytes) => poison(wire, 'limit_data', { bytes }),
    slice: (wire, bytes) =>
      poison(wire, 'slicer', { average_size: bytes, size_variation: Math.floor(bytes / 2), delay: SLICE_EVERY_US }),
    reset: async (wire, timeout) => {
      const heal = await poison(wire, 'reset_peer', { timeout });
      // toxiproxy resets only what was opened under it
      const mend = await cut(wire);
      await mend();
      return heal;
    },
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

/** All of them, also where one fails: nothing may come after what takes it back. */
async function each(proxies: readonly string[], act: (proxy: string) => Promise<void>): Promise<void> {
  const done = await Promise.allSettled(proxies.map(act));
  for (const one of done) if (one.status === 'rejected') throw one.reason;
}

function proxyOf(from: string, to: string): string {
  return `${from}.${to}`;
}

function proxiesOf(wire: Wire, links: readonly Link[]): string[] {
  const [from = '', to] = wire.split('>');
  const hit = links.filter((link) => (to === undefined ? link.to === from : link.from === from && link.to === to));
  if (hit.length === 0) throw new Error(`there is no wire ${wire}`);
  return hit.map((link) => proxyOf(link.from, link.to));
}
