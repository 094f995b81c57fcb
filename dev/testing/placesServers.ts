/** Real servers for one test file: own ports, own temporary folders. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { migrate } from '#adapters/postgres/migrate.ts';

const POSTGRES_BIN = process.env['POSTGRES_BIN'] ?? '/usr/lib/postgresql/15/bin';

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Polls until `check` is truthy; throws after the deadline. */
export async function until(what: string, check: () => unknown, deadlineMs = 10_000): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`not within ${String(deadlineMs)} ms: ${what}`);
    await delay(20);
  }
}

export interface RedisProcess {
  readonly url: string;
  kill(signal?: NodeJS.Signals): Promise<void>;
  pause(): void;
  resume(): void;
  /** again, on the same port and folder */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** @param save true: it writes a snapshot when told to shut down, and reads it at the next start */
export async function startRedis(save = false): Promise<RedisProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${String(port)}`;
  let child: ChildProcess | null = null;
  const start = async (): Promise<void> => {
    const args = [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--save',
      save ? '3600 1' : '',
      '--appendonly',
      'no',
    ];
    child = spawn('redis-server', args, { stdio: 'ignore' });
    await until('redis-server answers', () => redisAnswers(url));
  };
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    await end(child, signal);
    child = null;
  };
  await start();
  return {
    url,
    kill,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    restart: start,
    stop: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function redisAnswers(url: string): Promise<boolean> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

async function end(child: ChildProcess | null, signal: NodeJS.Signals): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}

export interface PostgresProcess {
  readonly url: string;
  /** the same database as the services' role, with its timeouts */
  readonly appUrl: string;
  stop(): Promise<void>;
}

/** A migrated, empty database. */
export async function startPostgres(): Promise<PostgresProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'postgres-'));
  const asRoot = process.getuid?.() === 0;
  const prefix = asRoot ? ['runuser', '-u', 'postgres', '--'] : [];
  if (asRoot) spawnSync('chown', ['postgres', folder]);
  const data = join(folder, 'data');
  const run = (command: string, args: readonly string[]): void => {
    const [program = '', ...rest] = [...prefix, join(POSTGRES_BIN, command), ...args];
    const done = spawnSync(program, rest, { encoding: 'utf8', cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    if (done.status !== 0) throw new Error(`${command}: ${done.stderr}`);
  };
  run('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync']);
  const port = String(await freePort());
  const options = ['-p', port, '-k', folder, '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off'].join(' ');
  run('pg_ctl', ['-D', data, '-w', '-l', join(folder, 'log'), '-o', options, 'start']);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  await migrate(url);
  return {
    url,
    appUrl: `postgres://pahlawan_app@127.0.0.1:${port}/postgres`,
    stop: () => {
      run('pg_ctl', ['-D', data, '-m', 'immediate', 'stop']);
      rmSync(folder, { recursive: true, force: true });
      return Promise.resolve();
    },
  };
}

export function testPool(url: string, max = 4): pg.Pool {
  return new pg.Pool({ connectionString: url, max });
}

export interface Undo {
  /** what was acquired, and how it is given back */
  after<Acquired>(acquired: Acquired, giveBack: (acquired: Acquired) => unknown): Acquired;
  /** the last acquired first; for a test's `after`: it runs even when `before` failed half-way */
  all(): Promise<void>;
}

export function undoing(): Undo {
  const steps: (() => unknown)[] = [];
  return {
    after: (acquired, giveBack) => {
      steps.push(() => giveBack(acquired));
      return acquired;
    },
    all: async () => {
      for (const step of steps.splice(0).reverse()) await step();
    },
  };
}
