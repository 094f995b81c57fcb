/** The wires between our processes and PostgreSQL, Redis and NATS go through toxiproxy, which slows, silences or cuts them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../dev/stack/ports.ts';
import { buildGoTool } from './goTool.ts';

export const WIRES = ['postgres', 'redis', 'nats'] as const;
export type Wire = (typeof WIRES)[number];

export interface Wires {
  /** where our processes connect to */
  readonly ports: Readonly<Record<Wire, number>>;
  /** Each way takes so long, and up to half as much again. */
  slow(wire: Wire, latencyMs: number): Promise<void>;
  /** Nothing arrives any more, and nobody is told: what a lost route looks like. */
  silence(wire: Wire): Promise<void>;
  /** Connections end at once, new ones are refused. */
  cut(wire: Wire): Promise<void>;
  heal(wire: Wire): Promise<void>;
  stop(): Promise<void>;
}

const PACKAGE = 'github.com/Shopify/toxiproxy/v2/cmd/server';
const READY_WITHIN_MS = 5_000;

/** @param upstream where the servers listen. @throws Error when toxiproxy can't be built or started */
export async function layWires(upstream: Readonly<Record<Wire, number>>): Promise<Wires> {
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
  await untilReady(() => ask('GET', '/version'));
  const ports = { postgres: await freePort(), redis: await freePort(), nats: await freePort() };
  for (const wire of WIRES) {
    const [listen, to] = [ports[wire], upstream[wire]].map((port) => `127.0.0.1:${String(port)}`);
    await ask('POST', '/proxies', { name: wire, listen, upstream: to, enabled: true });
  }
  const both = async (wire: Wire, type: string, attributes: object): Promise<void> => {
    for (const stream of ['upstream', 'downstream'])
      await ask('POST', `/proxies/${wire}/toxics`, { name: stream, type, stream, attributes });
  };
  return {
    ports,
    slow: (wire, latency) => both(wire, 'latency', { latency, jitter: Math.round(latency / 2) }),
    // toxiproxy's timeout 0: what is sent meanwhile is dropped, and the connection closes when the toxic goes.
    silence: (wire) => both(wire, 'timeout', { timeout: 0 }),
    cut: (wire) => ask('POST', `/proxies/${wire}`, { enabled: false }),
    // Toxiproxy's reset is for all wires at once: another fault may hold on elsewhere.
    heal: async (wire) => {
      for (const stream of ['upstream', 'downstream'])
        await ask('DELETE', `/proxies/${wire}/toxics/${stream}`).catch(() => undefined);
      await ask('POST', `/proxies/${wire}`, { enabled: true });
    },
    stop: async () => {
      server.kill('SIGKILL');
      await ended;
    },
  };
}

async function untilReady(probe: () => Promise<void>): Promise<void> {
  const deadlineMs = performance.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      return await probe();
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await pause(50);
    }
  }
}
