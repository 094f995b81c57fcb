/** What no proxy can do: packets that vanish on their way, by the kernel's own filter (nftables), on the ports of our wires alone. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Heal } from './wires.ts';

export interface Packets {
  /**
   * Every connection that leads to one of these ports now: nothing of it arrives any more, at either end, and nobody is told, also when it ends. New
   * ones are as always. So looks a peer whose host has lost its power, or a router that began anew.
   */
  forget(ports: readonly number[]): void;
  /** One of ten packets is lost, each way. */
  lose(ports: readonly number[]): Heal;
  stop(): void;
}

/** Longer than any campaign waits for quiet; then its port numbers may be another's. */
const FORGOTTEN_FOR = '20m';
const ESTABLISHED = '01';

/** @returns why not, where the kernel's filter is not to be had */
export function watchPackets(): Packets | { readonly because: string } {
  const table = `inet faults_${String(process.pid)}`;
  const drop = (): void => {
    process.off('exit', drop);
    spawnSync('nft', ['delete', 'table', ...table.split(' ')], { stdio: 'ignore' });
  };
  const refused = nft(`table ${table} {
    set forgotten { type inet_service . inet_service; flags timeout; timeout ${FORGOTTEN_FOR}; }
    set lossy { type inet_service; }
    chain arriving {
      type filter hook input priority 0; policy accept;
      tcp sport . tcp dport @forgotten drop
      tcp dport . tcp sport @forgotten drop
      tcp dport @lossy numgen random mod 10 == 0 drop
      tcp sport @lossy numgen random mod 10 == 0 drop
    }
  }`);
  if (refused !== '') return { because: `packets can't be lost here: ${refused}` };
  // However the campaign ends: a table outlives its process.
  process.once('exit', drop);
  const change = (how: 'add' | 'delete', set: string, elements: readonly string[]): void => {
    if (elements.length === 0) return;
    const said = nft(`${how} element ${table} ${set} { ${elements.join(', ')} }`);
    if (said !== '') throw new Error(said);
  };
  /** The faults that lose packets of a port now: the last to end lets it go. */
  const losing = new Map<number, Set<object>>();
  return {
    forget: (ports) => {
      change('add', 'forgotten', connectionsTo(new Set(ports)));
    },
    lose: (ports) => {
      change('add', 'lossy', ports.map(String));
      const fault = {};
      for (const port of ports) losing.set(port, (losing.get(port) ?? new Set()).add(fault));
      // done again until it is done
      return () => {
        for (const port of ports) losing.get(port)?.delete(fault);
        const healed = ports.filter((port) => losing.get(port)?.size === 0);
        change('delete', 'lossy', healed.map(String));
        return Promise.resolve();
      };
    },
    stop: drop,
  };
}

/** @returns what it said; empty: it was done */
function nft(script: string): string {
  const { error, status, stderr } = spawnSync('nft', ['-f', '-'], { input: script, encoding: 'utf8' });
  if (error !== undefined) return error.message;
  return status === 0 ? '' : (stderr.trim().split('\n')[0] ?? 'refused');
}

/** Of this machine, as the filter names them: the port of whoever connected, and the one it connected to. */
function connectionsTo(ports: ReadonlySet<number>): string[] {
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].filter((path) => existsSync(path));
  return tables
    .flatMap((path) => readFileSync(path, 'utf8').trim().split('\n').slice(1))
    .flatMap((line) => {
      const [, local = '', remote = '', state] = line.trim().split(/\s+/);
      const [own, other] = [local, remote].map((address) => Number.parseInt(address.split(':')[1] ?? '', 16));
      return state === ESTABLISHED && other !== undefined && ports.has(other)
        ? [`${String(own)} . ${String(other)}`]
        : [];
    });
}
