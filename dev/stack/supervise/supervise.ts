import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { launch, logTail } from './launch.ts';
import type { ProcessSpec, ProcessStatus } from './processSpec.ts';

const FIRST_BACKOFF_MS = 200;
/** What was in its way may be over at any moment, and people wait. */
const LAST_BACKOFF_MS = 2_000;
/** Who lived this long was not dying of its start: whoever is killed again and again is back at once each time. */
const HEALTHY_AFTER_MS = 5_000;
const PROBE_EVERY_MS = 50;
const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 10_000;

export interface Surroundings {
  logPath: string;
  say(line: string): void;
  changed(): void;
}

/** Whether a probe succeeds now. */
export function succeeds(probe: () => Promise<unknown>): Promise<boolean> {
  return probe().then(
    () => true,
    () => false,
  );
}

/** Keeps one process running: starts it, waits until it serves, and starts it again with backoff when it dies. */
export class Supervised {
  readonly #spec: ProcessSpec;
  readonly #around: Surroundings;
  #child: ChildProcess | undefined;
  #wanted = false;
  /** Started well once: from here on a death is answered by a restart. */
  #settled = false;
  #ready = false;
  #provisioned = false;
  #restarts = 0;
  #startedAtMs = 0;
  #backoffMs = FIRST_BACKOFF_MS;
  #backoffTimer: NodeJS.Timeout | undefined;
  #stopped: Promise<void> | undefined;

  constructor(spec: ProcessSpec, around: Surroundings) {
    this.#spec = spec;
    this.#around = around;
  }

  status(): ProcessStatus {
    const startedAt = this.#child ? new Date(this.#startedAtMs).toISOString() : undefined;
    return {
      name: this.#spec.name,
      pid: this.#child?.pid,
      ready: this.#ready,
      restarts: this.#restarts,
      startedAt,
    };
  }

  /** Resolves when it is ready (a one-shot: has ended well). @throws Error with the end of its log when it isn't in time */
  async start(): Promise<void> {
    this.#wanted = true;
    this.#settled = false;
    const up = await this.#bringUp();
    if (!up && this.#wanted) await this.#giveUp();
    this.#settled = this.#spec.ready !== undefined;
    // It may have died while the last steps of its start went on.
    if (this.#settled && this.#wanted && this.#child === undefined) this.#restartLater('died at its start');
  }

  async #giveUp(): Promise<never> {
    const { logPath } = this.#around;
    const why = this.#child === undefined ? 'ended at its start' : 'was not ready in time';
    await this.stop();
    throw new Error(`${this.#spec.name} ${why}. The end of ${logPath}:\n${logTail(logPath)}`);
  }

  /** Resolves when it answers its readiness probe. @throws Error after `withinMs` */
  async ready(withinMs = READY_WITHIN_MS): Promise<void> {
    const probe = this.#spec.ready ?? (() => Promise.resolve());
    const deadlineMs = Date.now() + withinMs;
    while (Date.now() < deadlineMs) {
      if (this.#ready && (await succeeds(probe))) return;
      await sleep(PROBE_EVERY_MS);
    }
    const tail = logTail(this.#around.logPath);
    throw new Error(`${this.#spec.name} was not ready within ${String(withinMs)} ms. The end of its log:\n${tail}`);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /**
   * Ends it for good: its own signal, then SIGKILL. A second call waits with the first: a second SIGTERM would make Dapr give up
   * its orderly shutdown.
   */
  stop(): Promise<void> {
    this.#wanted = false;
    clearTimeout(this.#backoffTimer);
    this.#stopped ??= this.#endChild().finally(() => (this.#stopped = undefined));
    return this.#stopped;
  }

  async #endChild(): Promise<void> {
    const ending = this.#child;
    if (ending?.pid === undefined) return;
    const ended = once(ending, 'exit');
    ending.kill(this.#spec.stopSignal ?? 'SIGTERM');
    // One that was paused (SIGSTOP) would otherwise never see the signal.
    ending.kill('SIGCONT');
    const killer = setTimeout(() => ending.kill('SIGKILL'), this.#spec.stopWithinMs ?? STOP_WITHIN_MS);
    await ended;
    clearTimeout(killer);
  }

  /** False when it ended, or did not serve in time. */
  async #bringUp(): Promise<boolean> {
    await this.#spec.prepare?.();
    if (!this.#wanted) return false;
    const started = this.#spawn();
    if (!(await this.#serves(started, this.#spec.readyWithinMs ?? READY_WITHIN_MS))) return false;
    if (!this.#provisioned) await this.#spec.provision?.();
    this.#provisioned = true;
    this.#ready = this.#child === started || this.#spec.ready === undefined;
    this.#around.changed();
    return this.#ready;
  }

  #spawn(): ChildProcess {
    const started = launch(this.#spec, this.#around.logPath);
    this.#child = started;
    this.#startedAtMs = Date.now();
    this.#ready = false;
    started.once('error', (error) => {
      this.#around.say(`${this.#spec.name} cannot be started: ${error.message}`);
      if (this.#child === started && started.pid === undefined) this.#onEnd('no such command');
    });
    started.once('exit', (code, signal) => {
      if (this.#child === started) this.#onEnd(signal ?? `exit ${String(code)}`);
    });
    this.#around.changed();
    return started;
  }

  async #serves(started: ChildProcess, withinMs: number): Promise<boolean> {
    const probe = this.#spec.ready;
    if (probe === undefined) return endsWell(started, withinMs);
    const deadlineMs = Date.now() + withinMs;
    while (this.#child === started && this.#wanted && Date.now() < deadlineMs) {
      if (await succeeds(probe)) return this.#child === started;
      await sleep(PROBE_EVERY_MS);
    }
    return false;
  }

  #onEnd(how: string): void {
    this.#child = undefined;
    this.#ready = false;
    this.#around.changed();
    if (this.#wanted && this.#settled) this.#restartLater(how);
  }

  #restartLater(how: string): void {
    const { name } = this.#spec;
    if (Date.now() - this.#startedAtMs > HEALTHY_AFTER_MS) this.#backoffMs = FIRST_BACKOFF_MS;
    const seconds = this.#backoffMs / 1_000;
    this.#around.say(`${name} died (${how}); starting it again in ${String(seconds)} s · ${this.#around.logPath}`);
    clearTimeout(this.#backoffTimer);
    this.#backoffTimer = setTimeout(() => void this.#restart(), this.#backoffMs);
    this.#backoffMs = Math.min(this.#backoffMs * 2, LAST_BACKOFF_MS);
  }

  async #restart(): Promise<void> {
    this.#restarts += 1;
    try {
      if (await this.#bringUp()) this.#around.say(`${this.#spec.name} is back`);
      // It runs but doesn't serve: nothing else would ever look at it again.
      else if (this.#wanted && this.#child) this.#child.kill('SIGKILL');
    } catch (error) {
      this.#around.say(`${this.#spec.name}: ${String(error)}`);
      if (this.#child) this.#child.kill('SIGKILL');
      else if (this.#wanted) this.#restartLater('could not start');
    }
  }
}

async function endsWell(started: ChildProcess, withinMs: number): Promise<boolean> {
  if (started.exitCode === null && started.signalCode === null) {
    await Promise.race([once(started, 'exit'), sleep(withinMs, undefined, { ref: false })]);
  }
  return started.exitCode === 0;
}
