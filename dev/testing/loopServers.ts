/** Real servers for one test file: own ports, own temporary folders. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
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
  const end = Date.now() + deadlineMs;
  for (;;) {
    if (await check()) return;
    if (Date.now() > end) throw new Error(`not within ${String(deadlineMs)} ms: ${what}`);
    await delay(20);
  }
}

export interface NatsProcess {
  readonly url: string;
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** again, on the same port and store */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** @param options.maxPayloadBytes the server's limit for one message */
export async function startNats(options: { maxPayloadBytes?: number } = {}): Promise<NatsProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'nats-'));
  const port = await freePort();
  const config = join(folder, 'nats.conf');
  writeFileSync(
    config,
    `host: 127.0.0.1\nport: ${String(port)}\nmax_payload: ${String(options.maxPayloadBytes ?? 1_048_576)}\n` +
      `jetstream { store_dir: "${folder}", max_mem: 64M, max_file: 1G }\n`,
  );
  let child: ChildProcess | null = null;
  const start = async (): Promise<void> => {
    child = spawn(natsServer(), ['-c', config], { stdio: 'ignore' });
    await until('nats-server listens', () => canConnect(port));
  };
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    await end(child, signal);
    child = null;
  };
  await start();
  return {
    url: `nats://127.0.0.1:${String(port)}`,
    kill,
    restart: start,
    stop: async () => {
      await kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function natsServer(): string {
  const cache = join(homedir(), '.cache/pahlawan-pangan');
  const cached = existsSync(cache) ? readdirSync(cache, { recursive: true, encoding: 'utf8' }) : [];
  const inCache = cached.filter((path) => path.endsWith('/nats-server')).map((path) => join(cache, path));
  const found = [process.env['NATS_SERVER'], ...inCache, '/tmp/house-build/nats-server'].find(
    (path) => path !== undefined && existsSync(path),
  );
  return found ?? 'nats-server';
}

async function end(child: ChildProcess | null, signal: NodeJS.Signals): Promise<void> {
  if (child === null || child.exitCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}

async function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

export interface PostgresProcess {
  readonly url: string;
  stop(): Promise<void>;
}

/** A migrated, empty database. */
export async function startPostgres(): Promise<PostgresProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'postgres-'));
  const asRoot = process.getuid?.() === 0;
  const prefix = asRoot ? ['runuser', '-u', 'postgres', '--'] : [];
  if (asRoot) spawnSync('chown', ['postgres', folder]);
  const run = (command: string, args: readonly string[]): void => {
    const [program = '', ...rest] = [...prefix, join(POSTGRES_BIN, command), ...args];
    const done = spawnSync(program, rest, { encoding: 'utf8', cwd: folder });
    if (done.status !== 0) throw new Error(`${command}: ${done.stderr}`);
  };
  run('initdb', ['-D', join(folder, 'data'), '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync']);
  const port = await freePort();
  const [program = '', ...args] = [
    ...prefix,
    join(POSTGRES_BIN, 'postgres'),
    ...[
      '-D',
      join(folder, 'data'),
      '-p',
      String(port),
      '-k',
      folder,
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'fsync=off',
    ],
  ];
  const child = spawn(program, args, { stdio: 'ignore', cwd: folder });
  const url = `postgres://postgres@127.0.0.1:${String(port)}/postgres`;
  await until('postgres answers', () => answers(url), 20_000);
  await migrate(url);
  return {
    url,
    stop: async () => {
      run('pg_ctl', ['-D', join(folder, 'data'), '-m', 'immediate', 'stop']);
      await end(child, 'SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}
