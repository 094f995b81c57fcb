/** Does to a running stack what the schedule says. */
import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import pg from 'pg';
import { LOTS } from '#adapters/nats/streams.ts';
import { createDice } from '../../dev/simulate/random.ts';
import type { Stack } from '../../dev/stack/stack.ts';
import type { Disk } from './disks.ts';
import type { Ground } from './ground.ts';
import { PEERS, type Fault } from './schedule.ts';
import { surely } from './surely.ts';
import type { Heal } from './wires.ts';
import { withDatabase } from './withDatabase.ts';

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
  const { kind, targets, forMs, by = 0 } = fault;
  const [target = ''] = targets;
  switch (kind) {
    case 'kill':
      for (const each of targets) stack.process(each).kill('SIGKILL');
      return;
    case 'kill-tree':
      for (const each of targets) signalTree(stack, each, 'SIGKILL');
      return;
    case 'stop':
      for (const each of targets) stack.process(each).kill(each === 'postgres' ? 'SIGINT' : 'SIGTERM');
      return;
    case 'gone': {
      const server = stack.process(target);
      return await absent(stack, target, forMs, () => server.stop());
    }
    case 'lose-disk':
      return await absent(stack, target, forMs, () => loseDisk(ground, target));
    case 'lose-tail':
      return await loseTail(ground, target, forMs);
    case 'crowd-out':
      return await crowdOut(forMs);
    case 'hang-up':
      for (const each of targets) stack.process(each).kill('SIGHUP');
      return;
    case 'pause':
      return await pauseFor(stack, fault);
    case 'throttle':
      return await throttle(stack, fault);
    case 'no-files':
      return await allowNoFiles(stack, fault);
    case 'flush':
      return await surely(() => flushRedis(urls.redis), WRITABLE_WITHIN_MS, UNDO_AGAIN_MS);
    case 'evict':
      return await surely(() => evict(urls.redis, fault), WRITABLE_WITHIN_MS, UNDO_AGAIN_MS);
    case 'fill-redis':
      return await fillRedis(urls.redis, forMs);
    case 'demote-redis':
      return await demoteRedis(urls.redis, forMs);
    case 'delete-stream':
      return await withJetStream(urls.nats, (manager) => manager.streams.delete(LOTS));
    case 'purge-stream':
      return await withJetStream(urls.nats, (manager) => manager.streams.purge(LOTS));
    case 'delete-consumers':
      return await withJetStream(urls.nats, deleteConsumers);
    case 'power-cut':
      for (const each of targets) signalTree(stack, each, 'SIGKILL');
      return;
    case 'end-sessions':
      return await endSessions(urls.superuser);
    case 'no-sessions':
      return await allowNoSessions(urls.superuser, forMs);
    case 'freeze-session':
      return await freezeSession(urls.superuser, forMs);
    case 'kill-session':
      signal(await busySession(urls.superuser), 'SIGKILL');
      return;
    case 'read-only':
      return await setting(urls.superuser, 'default_transaction_read_only', 'on', forMs);
    case 'no-standby':
      return await setting(urls.superuser, 'synchronous_standby_names', '*', forMs);
    case 'cancel-queries':
      return await cancelQueries(urls.superuser, forMs);
    case 'lock-rows':
      return await lockRows(urls.superuser, forMs);
    case 'lock-table':
      return await lockTable(urls.superuser, target, forMs);
    case 'slow':
    case 'trickle':
    case 'truncate':
    case 'slice':
    case 'reset':
      return await healed(forMs, await wires[kind](target, by));
    case 'silence':
    case 'cut':
    case 'deafen':
      return await healed(forMs, await wires[kind](target));
    case 'forget':
      permitted(ground.packets).forget(portsOf(ground, target));
      return;
    case 'lossy':
      return await healed(forMs, permitted(ground.packets).lose(portsOf(ground, target)));
    case 'fill-disk':
      return await fillDisk(ground, target as Disk, forMs);
    case 'clock': {
      const to = (ms: number) => () => {
        for (const each of targets) ground.clocks.shift(each, ms);
      };
      return await kept(`clock of ${targets.join()}`, forMs, to(by), to(0));
    }
  }
}

async function absent(stack: Stack, target: string, forMs: number, end: () => Promise<unknown>): Promise<void> {
  await kept(`presence of ${target}`, forMs, end, () => stack.process(target).start());
}

/** It ends without a word, as its machine would. Its folder may be a disk of its own, which stays. */
async function loseDisk({ stack, dir }: Ground, target: string): Promise<void> {
  const server = stack.process(target);
  const ended = server.stop();
  server.kill('SIGKILL');
  await ended;
  const folder = join(dir, target);
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
}

/** What it wrote meanwhile was never on its disk. @param forMs how much that is */
async function loseTail(ground: Ground, target: string, forMs: number): Promise<void> {
  const { stack, dir } = ground;
  const folder = join(dir, target);
  const was = mkdtempSync(join(dir, `${target}-before-`));
  try {
    cpSync(folder, was, { recursive: true });
    await pause(forMs);
    await absent(stack, target, 0, async () => {
      await loseDisk(ground, target);
      cpSync(was, folder, { recursive: true });
    });
  } finally {
    rmSync(was, { recursive: true, force: true });
  }
}

/** A sidecar listens to others on a port that it gets at each start; wires have proxies. */
function portsOf({ stack, wires }: Ground, target: string): number[] {
  if (!target.endsWith(PEERS)) return wires.portsOf(target);
  const { pid } = stack.process(target.slice(0, -PEERS.length));
  const words = pid === undefined ? '' : readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8');
  const port = /dapr-internal-grpc-port[=\0](\d+)/.exec(words)?.[1];
  if (port === undefined) throw new Error(`${target} is not there just now`);
  return [Number(port)];
}

/** For each core so many that want all of it: everybody gets a tenth of what there is. */
const BUSY_A_CORE = 5;

async function crowdOut(forMs: number): Promise<void> {
  const busy = Array.from({ length: BUSY_A_CORE * availableParallelism() }, () =>
    // in a session of its own each, as ours are: the kernel shares the box among sessions first
    spawn('timeout', [String(Math.ceil(forMs / 1_000) + 1), 'sh', '-c', 'while :; do :; done'], {
      stdio: 'ignore',
      detached: true,
    }).on('error', () => undefined),
  );
  await pause(forMs);
  for (const each of busy) each.kill('SIGTERM');
}

/** @throws why it is not to be had on this machine */
function permitted<Tool extends object>(tool: Tool | { readonly because: string }): Tool {
  if ('because' in tool) throw new Error(tool.because);
  return tool;
}

const UNDONE_WITHIN_MS = 60_000;
const UNDO_AGAIN_MS = 250;
/** Another fault may have made a replica of it just now. */
const WRITABLE_WITHIN_MS = 10_000;

async function healed(forMs: number, heal: Heal): Promise<void> {
  await pause(forMs);
  await surely(heal, UNDONE_WITHIN_MS, UNDO_AGAIN_MS);
}

/** How many faults hold the same thing now: the last to end lets it go. */
const holders = new Map<string, number>();

function hold(what: string): void {
  holders.set(what, (holders.get(what) ?? 0) + 1);
}

/** @returns whether nobody holds it any more */
function letGo(what: string): boolean {
  const left = (holders.get(what) ?? 1) - 1;
  holders.set(what, left);
  return left === 0;
}

/** What outlives its cause is taken back surely, also when only a part of it could be done; not while another fault holds it. */
async function kept(what: string, forMs: number, act: () => unknown, undo: () => unknown): Promise<void> {
  hold(what);
  try {
    await act();
  } finally {
    await pause(forMs);
    if (letGo(what))
      await surely(
        async () => {
          if (holders.get(what) === 0) await undo();
        },
        UNDONE_WITHIN_MS,
        UNDO_AGAIN_MS,
      );
  }
}

/**
 * A JetStream whose disk was full refuses every write until its server is started again, though there is room and its health
 * probe is content (nats-server 2.15.2, found by seed 2): an operator has to, so we do.
 */
async function fillDisk(ground: Ground, disk: Disk, forMs: number): Promise<void> {
  const [disks, { stack }] = [permitted(ground.disks), ground];
  try {
    disks.fill(disk);
    await pause(forMs);
  } finally {
    disks.empty(disk);
  }
  if (disk === 'nats') stack.process('nats').kill('SIGKILL');
}

async function pauseFor(stack: Stack, { targets, forMs }: Fault): Promise<void> {
  const pids = targets.flatMap((target) => treeOf(stack.process(target).pid));
  for (const pid of pids) halt(pid);
  await pause(forMs);
  for (const pid of pids) goOn(pid);
}

function halt(pid: number): void {
  hold(`process ${String(pid)}`);
  signal(pid, 'SIGSTOP');
}

function goOn(pid: number): void {
  if (letGo(`process ${String(pid)}`)) signal(pid, 'SIGCONT');
}

const SLICE_MS = 100;
const RUNS_MS = 10;

/** As the kernel's bandwidth control does it: so much of each slice, then a wait for the next one. */
async function throttle(stack: Stack, { targets, forMs }: Fault): Promise<void> {
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs) {
    const pids = targets.flatMap((target) => treeOf(stack.process(target).pid));
    for (const pid of pids) halt(pid);
    await pause(SLICE_MS - RUNS_MS);
    for (const pid of pids) goOn(pid);
    await pause(RUNS_MS);
  }
}

/** Its soft limit falls to what it has open: whoever has several such faults at once gets its own limit back with the first that ends. */
async function allowNoFiles(stack: Stack, { targets, forMs }: Fault): Promise<void> {
  const pids = targets.flatMap((target) => stack.process(target).pid ?? []);
  const limit = async (pid: number, soft: string): Promise<void> => {
    await promisify(execFile)('prlimit', ['--pid', String(pid), `--nofile=${soft}:`]);
  };
  const before = pids.map((pid) => ({ pid, hard: hardLimitOf(pid) }));
  for (const pid of pids) await limit(pid, String(firstFreeOf(pid)));
  await pause(forMs);
  // it may have ended meanwhile, and its limit with it
  for (const { pid, hard } of before) await limit(pid, hard).catch(() => undefined);
}

/** The limit bounds numbers, not how many there are. */
function firstFreeOf(pid: number): number {
  const taken = new Set(readdirSync(`/proc/${String(pid)}/fd`).map(Number));
  let number = 0;
  while (taken.has(number)) number++;
  return number;
}

function hardLimitOf(pid: number): string {
  const limits = readFileSync(`/proc/${String(pid)}/limits`, 'utf8');
  return /^Max open files +\d+ +(\d+)/m.exec(limits)?.[1] ?? '1048576';
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

const EVICTED_SHARE = 1 / 3;

/** Which keys is drawn from their names and the fault's time: the generation in them makes them others each time. */
async function evict(url: string, { atMs }: Fault): Promise<void> {
  const dice = createDice(`evict|${String(atMs)}`);
  await withRedis(url, async (redis) => {
    const evicted = (await redis.keys('*')).filter((key) => dice(key) < EVICTED_SHARE);
    if (evicted.length > 0) await redis.unlink(...evicted);
  });
}

/** No room at all, and nothing may be thrown out: what a server of ours would say under its `maxmemory`. */
async function fillRedis(url: string, forMs: number): Promise<void> {
  const setTo = (bytes: string) => () => withRedis(url, (redis) => redis.config('SET', 'maxmemory', bytes));
  await kept('room of redis', forMs, setTo('1'), setTo('0'));
}

/** Nothing is lost: a replica keeps what it has until it finds its primary. */
async function demoteRedis(url: string, forMs: number): Promise<void> {
  const follow = (host: string, port: number | string) => () => withRedis(url, (redis) => redis.replicaof(host, port));
  await kept('rank of redis', forMs, follow('127.0.0.1', 1), follow('NO', 'ONE'));
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
  await withDatabase(url, (client) => client.query(OUR_SESSIONS));
}

/** The process of one that is in the middle of something, if there is one. */
async function busySession(url: string): Promise<number> {
  let session: number | undefined;
  await withDatabase(url, async (client) => {
    const { rows } = await client.query<{ pid: number }>(
      `select pid from pg_stat_activity where usename = 'pahlawan_app' order by xact_start nulls last limit 1`,
    );
    session = rows[0]?.pid;
  });
  if (session === undefined) throw new Error('nobody of ours is connected to PostgreSQL');
  return session;
}

async function freezeSession(url: string, forMs: number): Promise<void> {
  const session = await busySession(url);
  halt(session);
  await pause(forMs);
  goOn(session);
}

async function allowNoSessions(url: string, forMs: number): Promise<void> {
  const limit = (to: number, then: string) => () =>
    // another fault may forbid writes just now
    withDatabase(url, (client) =>
      client.query(`begin read write; alter role pahlawan_app connection limit ${String(to)}; commit; ${then}`),
    );
  await kept('sessions', forMs, limit(0, OUR_SESSIONS), limit(-1, ''));
}

/** Of the whole server, for whoever asks it from now on. */
async function setting(url: string, name: string, value: string, forMs: number): Promise<void> {
  const alter = (change: string) => (): Promise<void> =>
    withDatabase(url, async (client) => {
      await client.query(`alter system ${change}`);
      await client.query('select pg_reload_conf()');
    });
  await kept(name, forMs, alter(`set ${name} = ${pg.escapeLiteral(value)}`), alter(`reset ${name}`));
}

const CANCEL_EVERY_MS = 30;
const A_THIRD_OF_WHAT_RUNS = `select pg_cancel_backend(pid) from pg_stat_activity
  where usename = 'pahlawan_app' and state = 'active' and random() < 0.33`;

async function cancelQueries(url: string, forMs: number): Promise<void> {
  await withDatabase(url, (client) => againUntil(forMs, CANCEL_EVERY_MS, () => client.query(A_THIRD_OF_WHAT_RUNS)));
}

const LOCK_EVERY_MS = 20;
const SOME_OPEN_LOT = 'select geo_region_id, lot_id from lot where ended_at is null order by random() limit 1';
/** A ring of waits that PostgreSQL broke by ending this transaction, and a wait that is over. */
const LOST_THE_LOCKS = new Set(['40P01', '55P03']);

/** More and more rows, until it is over or the locks are lost: then anew. */
async function lockRows(url: string, forMs: number): Promise<void> {
  const begin = "begin read write; set local lock_timeout = '3s'";
  await withDatabase(url, async (client) => {
    await client.query(begin);
    await againUntil(forMs, LOCK_EVERY_MS, async () => {
      try {
        await lockSomeLot(client);
      } catch (error) {
        if (!(error instanceof pg.DatabaseError && LOST_THE_LOCKS.has(error.code ?? ''))) throw error;
        await client.query(`rollback; ${begin}`);
      }
    });
    await client.query('rollback').catch(() => undefined);
  });
}

/** At least once; another fault may end the session after that, and then it is over. @throws when the first fails */
async function againUntil(forMs: number, everyMs: number, act: () => Promise<unknown>): Promise<void> {
  const untilMs = performance.now() + forMs;
  await act();
  for (let isLost = false; !isLost && performance.now() < untilMs;) {
    await pause(everyMs);
    isLost = await act().then(
      () => false,
      () => true,
    );
  }
}

async function lockSomeLot(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ geo_region_id: string; lot_id: string }>(SOME_OPEN_LOT);
  for (const { geo_region_id, lot_id } of rows)
    await client.query('select from lot where geo_region_id = $1 and lot_id = $2 for update', [geo_region_id, lot_id]);
}

async function lockTable(url: string, table: string, forMs: number): Promise<void> {
  await withDatabase(url, async (client) => {
    await client.query('begin read write');
    await client.query(`lock table ${pg.escapeIdentifier(table)} in access exclusive mode`);
    await pause(forMs);
    // Another fault may have ended this session: the table was locked all the same.
    await client.query('rollback').catch(() => undefined);
  });
}
