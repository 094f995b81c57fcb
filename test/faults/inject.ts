/** Does to a running stack what the schedule says. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import type { Stack } from '../../dev/stack/stack.ts';
import type { Fault } from './schedule.ts';

/** What was done, and when it was over (unix ms). */
export interface Injected {
  readonly fault: Fault;
  readonly fromMs: number;
  readonly untilMs: number;
  /** empty: it went as planned */
  readonly failure: string;
}

export async function inject(stack: Stack, fault: Fault): Promise<Injected> {
  const fromMs = Date.now();
  let failure = '';
  try {
    await perform(stack, fault);
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  return { fault, fromMs, untilMs: Date.now(), failure };
}

async function perform(stack: Stack, fault: Fault): Promise<void> {
  switch (fault.kind) {
    case 'kill':
      for (const target of fault.targets) stack.process(target).kill('SIGKILL');
      return;
    case 'kill-tree':
      for (const target of fault.targets) signalTree(stack, target, 'SIGKILL');
      return;
    case 'pause':
      await pauseFor(stack, fault);
      return;
    case 'flush':
      await flushRedis(stack);
      return;
    case 'delete-stream':
      await deleteStream(stack);
  }
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

async function flushRedis(stack: Stack): Promise<void> {
  const redis = new Redis(stack.env['REDIS_URL'] ?? '', { maxRetriesPerRequest: 2, commandTimeout: 3_000 });
  redis.on('error', () => undefined);
  try {
    await redis.flushall();
  } finally {
    redis.disconnect();
  }
}

async function deleteStream(stack: Stack): Promise<void> {
  const connection = await connect({ servers: stack.env['NATS_URL'] ?? '', timeout: 3_000 });
  try {
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: 3_000 });
    await manager.streams.delete('LOTS');
  } finally {
    await connection.close();
  }
}
