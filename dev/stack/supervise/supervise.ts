import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { launch, logTail } from './launch.ts';
import type { ProcessSpec, ProcessStatus } from './processSpec.ts';

const FIRST_BACKOFF_MS = 200;
const LAST_BACKOFF_MS = 10_000;
const HEALTHY_AFTER_MS = 30_000;
const PROBE_EVERY_MS = 50;
const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 10_000;

export interface Supervised {
  status(): ProcessStatus;
  /** Resolves when it is ready (a one-shot: has ended well). @throws Error with the end of its log when it isn't in time */
  start(): Promise<void>;
  /** Stops it for good: its own signal, then SIGKILL. */
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it answers its readiness probe. @throws Error after `withinMs` */
  ready(withinMs?: number): Promise<void>;
}

export interface Surroundings {
  logPath: string;
  say(line: string): void;
  changed(): void;
}

/** Keeps one process running: starts it, waits until it serves, and starts it again with backoff when it dies. */
export function supervise(spec: ProcessSpec, around: Surroundings): Supervised {
  let child: ChildProcess | undefined;
  let wanted = false;
  let settled = false;
  let isReady = false;
  let provisioned = false;
  let restarts = 0;
  let startedAtMs = 0;
  let backoffMs = FIRST_BACKOFF_MS;
  let backoffTimer: NodeJS.Timeout | undefined;

  function spawnChild(): ChildProcess {
    const started = launch(spec, around.logPath);
    child = started;
    startedAtMs = Date.now();
    isReady = false;
    started.once('error', (error) => {
      around.say(`${spec.name} cannot be started: ${error.message}`);
      if (child === started) onEnd('no such command');
    });
    started.once('exit', (code, signal) => {
      if (child === started) onEnd(signal ?? `exit ${String(code)}`);
    });
    around.changed();
    return started;
  }

  function onEnd(how: string): void {
    child = undefined;
    isReady = false;
    around.changed();
    if (wanted && settled) restartLater(how);
  }

  function restartLater(how: string): void {
    if (Date.now() - startedAtMs > HEALTHY_AFTER_MS) backoffMs = FIRST_BACKOFF_MS;
    around.say(`${spec.name} died (${how}); starting it again in ${String(backoffMs / 1_000)} s · ${around.logPath}`);
    backoffTimer = setTimeout(() => {
      restarts += 1;
      void bringUp().then(
        (up) => {
          if (up) around.say(`${spec.name} is back`);
        },
        (error: unknown) => {
          around.say(`${spec.name}: ${String(error)}`);
          if (wanted && child === undefined) restartLater('could not start');
        },
      );
    }, backoffMs);
    backoffMs = Math.min(backoffMs * 2, LAST_BACKOFF_MS);
  }

  /** False when it ended, or did not serve in time. */
  async function bringUp(): Promise<boolean> {
    await spec.prepare?.();
    if (!wanted) return false;
    const started = spawnChild();
    if (!(await serves(started, spec.readyWithinMs ?? READY_WITHIN_MS))) return false;
    if (!provisioned) await spec.provision?.();
    provisioned = true;
    isReady = true;
    around.changed();
    return true;
  }

  async function serves(started: ChildProcess, withinMs: number): Promise<boolean> {
    if (spec.ready === undefined) return endsWell(started, withinMs);
    const deadlineMs = Date.now() + withinMs;
    while (child === started && wanted && Date.now() < deadlineMs) {
      const up = await spec.ready().then(
        () => true,
        () => false,
      );
      if (up && child === started) return true;
      await sleep(PROBE_EVERY_MS);
    }
    return false;
  }

  async function endsWell(started: ChildProcess, withinMs: number): Promise<boolean> {
    if (started.exitCode === null && started.signalCode === null) {
      await Promise.race([once(started, 'exit'), sleep(withinMs, undefined, { ref: false })]);
    }
    return started.exitCode === 0;
  }

  async function start(): Promise<void> {
    wanted = true;
    settled = false;
    const up = await bringUp();
    settled = spec.ready !== undefined;
    if (up || !wanted) return;
    const why = child === undefined ? 'ended at its start' : 'was not ready in time';
    await stop();
    throw new Error(`${spec.name} ${why}. The end of ${around.logPath}:\n${logTail(around.logPath)}`);
  }

  let stopped: Promise<void> | undefined;

  /** A second call waits with the first: a second SIGTERM would make Dapr give up its orderly shutdown. */
  function stop(): Promise<void> {
    wanted = false;
    clearTimeout(backoffTimer);
    stopped ??= endChild().finally(() => (stopped = undefined));
    return stopped;
  }

  async function endChild(): Promise<void> {
    const stopping = child;
    if (stopping?.pid === undefined) return;
    const ended = once(stopping, 'exit');
    stopping.kill(spec.stopSignal ?? 'SIGTERM');
    // One that was paused (SIGSTOP) would otherwise never see the signal.
    stopping.kill('SIGCONT');
    const killer = setTimeout(() => stopping.kill('SIGKILL'), spec.stopWithinMs ?? STOP_WITHIN_MS);
    await ended;
    clearTimeout(killer);
  }

  async function ready(withinMs = READY_WITHIN_MS): Promise<void> {
    const deadlineMs = Date.now() + withinMs;
    while (Date.now() < deadlineMs) {
      if (
        isReady &&
        (await spec.ready?.().then(
          () => true,
          () => false,
        )) !== false
      )
        return;
      await sleep(PROBE_EVERY_MS);
    }
    throw new Error(
      `${spec.name} was not ready within ${String(withinMs)} ms. The end of its log:\n${logTail(around.logPath)}`,
    );
  }

  return {
    start,
    stop,
    ready,
    kill: (signal) => void child?.kill(signal),
    status: () => ({
      name: spec.name,
      pid: child?.pid,
      ready: isReady,
      restarts,
      startedAt: child ? new Date(startedAtMs).toISOString() : undefined,
    }),
  };
}
