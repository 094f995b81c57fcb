import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessStatus } from './supervise/processSpec.ts';

/** A process that can be told from a later one with the same number. */
interface Identity {
  pid: number;
  /** When it began, in the kernel's clock ticks. */
  startTicks: string;
}

/** What a running stack says of itself, for `make status`, `make stop` and the next start. */
export interface StackState {
  supervisor: Identity;
  processes: (ProcessStatus & { startTicks: string })[];
}

/** Field 22 of /proc/<pid>/stat; '' when there is no such process, or only its zombie. */
export function startTicksOf(pid: number): string {
  try {
    const fields = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' ? '' : (fields[19] ?? '');
  } catch {
    return '';
  }
}

export function isRunning({ pid, startTicks }: Identity): boolean {
  return startTicks !== '' && startTicksOf(pid) === startTicks;
}

const fileIn = (dir: string): string => join(dir, 'state.json');

export function readState(dir: string): StackState | undefined {
  try {
    return JSON.parse(readFileSync(fileIn(dir), 'utf8')) as StackState;
  } catch {
    return undefined;
  }
}

export function writeState(dir: string, processes: readonly ProcessStatus[]): void {
  const state: StackState = {
    supervisor: { pid: process.pid, startTicks: startTicksOf(process.pid) },
    processes: processes.map((each) => ({ ...each, startTicks: each.pid === undefined ? '' : startTicksOf(each.pid) })),
  };
  writeFileSync(`${fileIn(dir)}.new`, JSON.stringify(state, null, 1), { mode: 0o600 });
  renameSync(`${fileIn(dir)}.new`, fileIn(dir));
}

export function runningSupervisor(dir: string): number | undefined {
  const state = readState(dir);
  return state && isRunning(state.supervisor) ? state.supervisor.pid : undefined;
}

/** Ends what a supervisor that was killed has left behind. Returns their names. */
export async function endOrphans(dir: string, withinMs = 5_000): Promise<string[]> {
  const orphans = (readState(dir)?.processes ?? []).filter(
    (each): each is typeof each & { pid: number } =>
      each.pid !== undefined && isRunning({ pid: each.pid, startTicks: each.startTicks }),
  );
  for (const { pid, name } of orphans) signal(pid, name.startsWith('postgres') ? 'SIGINT' : 'SIGTERM');
  const deadlineMs = Date.now() + withinMs;
  while (orphans.some(isRunning) && Date.now() < deadlineMs) await sleep(50);
  for (const orphan of orphans) if (isRunning(orphan)) signal(orphan.pid, 'SIGKILL');
  return orphans.map(({ name }) => name);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // gone meanwhile, which is what was wanted
  }
}
