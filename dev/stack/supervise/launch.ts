import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { dirname } from 'node:path';
import type { ProcessSpec } from './processSpec.ts';

const LOG_CAP_BYTES = 20 * 1024 * 1024;
const MOST_NICE = 19;

const underRoot = process.getuid?.() === 0;
const canSetDeathSignal = ((): boolean => {
  try {
    return execFileSync('setpriv', ['--help'], { encoding: 'utf8' }).includes('--pdeathsig');
  } catch {
    return false;
  }
})();

/** The `setpriv` words in front of a command: another user under root, and a signal from the kernel when the supervisor dies. */
function privileges(spec: Pick<ProcessSpec, 'orphanSignal' | 'userUnderRoot'>): string[] {
  const words: string[] = [];
  // The capability lets an unprivileged server reach its folder inside a home that only root may enter.
  if (underRoot && spec.userUnderRoot !== undefined) {
    const group = execFileSync('id', ['-g', spec.userUnderRoot], { encoding: 'utf8' }).trim();
    words.push(`--reuid=${spec.userUnderRoot}`, `--regid=${group}`, '--clear-groups');
    words.push('--inh-caps=+dac_override', '--ambient-caps=+dac_override');
  }
  if (canSetDeathSignal) words.push('--pdeathsig', spec.orphanSignal ?? 'KILL');
  return words.length > 0 ? ['setpriv', ...words, '--'] : [];
}

/** Runs a command to its end as that user. @throws Error with its output when it fails */
export function runAs(userUnderRoot: string, command: readonly string[]): void {
  const [file = '', ...args] = [...privileges({ userUnderRoot }), ...command];
  try {
    execFileSync(file, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  } catch (error) {
    throw new Error(`${command.join(' ')} failed:\n${String((error as { stderr?: unknown }).stderr)}`, {
      cause: error,
    });
  }
}

/** Keeps at most two logs of LOG_CAP_BYTES; looked at when a process starts. */
function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LOG_CAP_BYTES) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}

/** Starts it in a session of its own, so that Ctrl-C in the terminal reaches the supervisor alone and the order of stopping holds. */
export function launch(spec: ProcessSpec, logPath: string): ChildProcess {
  const log = openLog(logPath);
  const [file = '', ...args] = [...privileges(spec), ...spec.command];
  try {
    const env = { ...process.env, ...spec.env };
    const child = spawn(file, args, { stdio: ['ignore', log, log], detached: true, env });
    if (child.pid !== undefined && spec.niceness !== undefined) standBack(child.pid, spec.niceness);
    return child;
  } finally {
    closeSync(log);
  }
}

/** Where Linux shares the processors out by session first (autogroups), a process's own niceness says nothing to other sessions. */
function standBack(pid: number, niceness: number): void {
  try {
    setPriority(pid, Math.min(MOST_NICE, getPriority(pid) + niceness));
    writeFileSync(`/proc/${String(pid)}/autogroup`, String(niceness));
  } catch {
    // gone already, or no autogroups here: it runs all the same
  }
}

/** The end of a log, for the message about a process that failed. */
export function logTail(path: string, lines = 15): string {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '(no log)';
  }
}
