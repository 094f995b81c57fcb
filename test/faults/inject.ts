/** Does to a running stack what the schedule says. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import pg from 'pg';
import { LOTS } from '#adapters/nats/streams.ts';
import type { Stack } from '../../dev/stack/stack.ts';
import type { Disk } from './disks.ts';
import type { Ground } from './ground.ts';
import type { Fault } from './schedule.ts';
import type { Wire } from './wires.ts';

/** What was done, and when it was over (unix ms). */
export interface Injected {
  readonly fault: Fault;
  readonly fromMs: number;
  readonly untilMs: number;
  /** empty: it went as planned */
  readonly failure: string;
}

export async function inject(ground: Ground, fault: Fault): Promise<Injected> {
  const fromMs = Date.now();
  let failure = '';
  try {
    await perform(ground, fault);
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  return { fault, fromMs, untilMs: Date.now(), failure };
}

async function perform(ground: Ground, fault: Fault): Promise<void> {
  const { stack, wires, urls } = ground;
  const { kind, targets, forMs, byMs = 0 } = fault;
  const [target = ''] = targets;
  switch (kind) {
    case 'kill':
      for (const each of targets) stack.process(each).kill('SIGKILL');
      return;
    case 'kill-tree':
      for (const each of targets) signalTree(stack, each, 'SIGKILL');
      return;
    case 'pause':
      return await pauseFor(stack, fault);
    case 'flush':
      return await flushRedis(urls.redis);
    case 'fill-redis':
      return await fillRedis(urls.redis, forMs);
    case 'delete-stream':
      return await withJetStream(urls.nats, (manager) => manager.streams.delete(LOTS));
    case 'delete-consumers':
      return await withJetStream(urls.nats, deleteConsumers);
    case 'power-cut':
      for (const each of targets) signalTree(stack, each, 'SIGKILL');
      return;
    case 'end-sessions':
      return await endSessions(urls.superuser);
    case 'lock-table':
      return await lockTable(urls.superuser, target, forMs);
    case 'slow':
      await wires.slow(target as Wire, byMs);
      return await after(forMs, () => wires.heal(target as Wire));
    case 'silence':
    case 'cut':
      await wires[kind](target as Wire);
      return await after(forMs, () => wires.heal(target as Wire));
    case 'fill-disk':
      return await fillDisk(ground, target as Disk, forMs);
    case 'clock':
      ground.clocks.shift(target, byMs);
      return await after(forMs, () => {
        ground.clocks.shift(target, 0);
      });
  }
}

async function after(forMs: number, undo: () => Promise<void> | void): Promise<void> {
  await pause(forMs);
  await undo();
}

/**
 * A JetStream whose disk was full refuses every write until its server is started again, though there is room and its health
 * probe is content (nats-server 2.15.2, found by seed 2): an operator has to, so we do.
 */
async function fillDisk({ disks, stack }: Ground, disk: Disk, forMs: number): Promise<void> {
  if ('because' in disks) throw new Error(disks.because);
  disks.fill(disk);
  await pause(forMs);
  disks.empty(disk);
  if (disk === 'nats') stack.process('nats').kill('SIGKILL');
}

async function pauseFor(stack: Stack, { targets, forMs }: Fault): Promise<void> {
  const pids = targets.flatMap((target) => treeOf(stack.process(target).pid));
  for (const pid of pids) signal(pid, 'SIGSTOP');
  await pause(forMs);
  for (const pid of pids) signal(pid, 'SIGCONT');
}

function signalTree(stack: Stack, target: string, name: NodeJS.Signals): void {
  for (const pid of treeOf(stack.process(target).pid)) signal(pid, name);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it ended by itself meanwhile
  }
}

/** The process and all below it: PostgreSQL is one a connection. */
export function treeOf(root: number | undefined): number[] {
  if (root === undefined) return [];
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(name);
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = [root];
  for (let i = 0; i < found.length; i++) found.push(...(children.get(found[i] ?? 0) ?? []));
  return found;
}

function parentOf(pid: string): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // "pid (name) state ppid …": the name may hold anything, brackets too
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null;
  }
}

async function flushRedis(url: string): Promise<void> {
  await withRedis(url, (redis) => redis.flushall());
}

/** No room at all, and nothing may be thrown out: what a server of ours would say under its `maxmemory`. */
async function fillRedis(url: string, forMs: number): Promise<void> {
  await withRedis(url, (redis) => redis.config('SET', 'maxmemory', '1'));
  await after(forMs, () => withRedis(url, (redis) => redis.config('SET', 'maxmemory', '0')));
}

async function withRedis(url: string, act: (redis: Redis) => Promise<unknown>): Promise<void> {
  const redis = new Redis(url, { maxRetriesPerRequest: 2, commandTimeout: 3_000 });
  redis.on('error', () => undefined);
  try {
    await act(redis);
  } finally {
    redis.disconnect();
  }
}

async function withJetStream(url: string, act: (manager: JetStreamManager) => Promise<unknown>): Promise<void> {
  const connection = await connect({ servers: url, timeout: 3_000 });
  try {
    await act(await jetstreamManager(connection, { checkAPI: false, timeout: 3_000 }));
  } finally {
    await connection.close();
  }
}

async function deleteConsumers(manager: JetStreamManager): Promise<void> {
  for await (const { name } of manager.consumers.list(LOTS)) await manager.consumers.delete(LOTS, name);
}

const OUR_SESSIONS = `select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'pahlawan_app'`;

async function endSessions(url: string): Promise<void> {
  await withPostgres(url, (client) => client.query(OUR_SESSIONS));
}

async function lockTable(url: string, table: string, forMs: number): Promise<void> {
  await withPostgres(url, async (client) => {
    await client.query('begin');
    await client.query(`lock table ${pg.escapeIdentifier(table)} in access exclusive mode`);
    await pause(forMs);
    await client.query('rollback');
  });
}

async function withPostgres(url: string, act: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  // Another fault may end this session too: then what it held is free.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await act(client);
  } finally {
    await client.end();
  }
}
