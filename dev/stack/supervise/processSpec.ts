/** What the supervisor must know of a process. */
export interface ProcessSpec {
  /** Unique in its stack: `api`, `api-2`, `api.daprd`. Names its log. */
  name: string;
  command: readonly [string, ...string[]];
  env?: NodeJS.ProcessEnv;
  /** Names of those that must be ready before it starts, and outlive it when the stack stops. */
  after: readonly string[];
  /** Before every start: write a configuration, make a folder. */
  prepare?: () => Promise<void> | void;
  /** One look whether it serves; throws while it doesn't. Missing in a one-shot, which is ready when it has ended well. */
  ready?: () => Promise<void>;
  /** Once, after it is ready for the first time in this stack: roles, databases. Its dependants wait for it. */
  provision?: () => Promise<void>;
  readyWithinMs?: number;
  stopSignal?: NodeJS.Signals;
  stopWithinMs?: number;
  /** What the kernel sends it when the supervisor itself is killed. */
  orphanSignal?: 'KILL' | 'INT';
  /** 0 to 19 more than the supervisor's: how far it stands back while the processors are busy. */
  niceness?: number;
  /** The system user it runs as when root runs the stack. */
  userUnderRoot?: string;
}

export interface ProcessStatus {
  name: string;
  pid: number | undefined;
  ready: boolean;
  restarts: number;
  startedAt: string | undefined;
}
