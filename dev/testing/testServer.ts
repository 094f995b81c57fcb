/** One real server for tests: in a folder and on a port of its own; dies with the process that started it. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch, logTail } from '../stack/supervise/launch.ts';
import type { ProcessSpec } from '../stack/supervise/processSpec.ts';
import { succeeds } from '../stack/supervise/supervise.ts';
import { until } from './until.ts';

export interface TestServer {
  kill(signal?: NodeJS.Signals): Promise<void>;
  pause(): void;
  resume(): void;
  /** Again, on the same port and folder. */
  restart(): Promise<void>;
  /** Ends it and deletes its folder. */
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 30_000;
const abandoned = new Set<() => void>();
process.on('exit', () => {
  for (const end of abandoned) end();
});

/** A folder below the system's temporary one. */
export function temporaryFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `pahlawan-${name}-`));
}

function sleepSync(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** For the exit of a process that forgot to stop its server: nothing asynchronous runs any more. */
function endSync(child: ChildProcess | undefined, signal: NodeJS.Signals): void {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  // Its zombie stays until we are gone; a moment is enough for it to let go of its folder.
  sleepSync(100);
}

/** Starts the server and waits until it is ready. */
export async function startTestServer(folder: string, spec: ProcessSpec): Promise<TestServer> {
  const logPath = join(folder, `${spec.name}.log`);
  // SIGQUIT is PostgreSQL's immediate shutdown: SIGKILL would leave its shared memory behind. The others die of it as well.
  const lastSignal = spec.name === 'postgres' ? 'SIGQUIT' : 'SIGKILL';
  let child: ChildProcess | undefined;
  let provisioned = false;

  async function start(): Promise<void> {
    await spec.prepare?.();
    const started = launch(spec, logPath);
    child = started;
    const dead = (): boolean => started.exitCode !== null || started.signalCode !== null;
    const isReady = async (): Promise<boolean> => dead() || (await succeeds(spec.ready ?? (() => Promise.resolve())));
    await until(`${spec.name} is ready`, isReady, READY_WITHIN_MS);
    if (dead()) throw new Error(`${spec.name} ended at its start:\n${logTail(logPath)}`);
    if (!provisioned) await spec.provision?.();
    provisioned = true;
    // A test file that is done may end although this still runs.
    started.unref();
  }
  async function kill(signal: NodeJS.Signals = lastSignal): Promise<void> {
    const ending = child;
    child = undefined;
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
    ending.ref();
    const gone = once(ending, 'exit');
    ending.kill(signal);
    await gone;
  }
  const removeFolder = (): void => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  };
  const abandon = (): void => {
    endSync(child, lastSignal);
    removeFolder();
  };
  abandoned.add(abandon);
  await start();
  return {
    kill,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    restart: async () => {
      await kill();
      await start();
    },
    stop: async () => {
      await kill();
      abandoned.delete(abandon);
      removeFolder();
    },
  };
}
