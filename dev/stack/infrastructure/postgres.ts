import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { runAs } from '../supervise/launch.ts';
import type { ProcessSpec } from '../supervise/processSpec.ts';

export const DATABASE = 'pahlawan';
const OWNER_ROLE = 'pahlawan_owner';
const APP_ROLE = 'pahlawan_app';

export interface PostgresOptions {
  name?: string;
  bin: string;
  /** Its cluster is made in here when there is none. */
  dir: string;
  port: number;
  passwords: { superuser: string; owner: string; app: string };
  /** False loses data at a power failure: only for tests. */
  durable: boolean;
}

export function superuserUrl(options: PostgresOptions, database = 'postgres'): string {
  return `postgres://postgres:${options.passwords.superuser}@127.0.0.1:${String(options.port)}/${database}`;
}

/** For migrations. */
export function ownerUrl(options: PostgresOptions, database = DATABASE): string {
  return `postgres://${OWNER_ROLE}:${options.passwords.owner}@127.0.0.1:${String(options.port)}/${database}`;
}

/** For our processes. */
export function appUrl(options: PostgresOptions, database = DATABASE): string {
  return `postgres://${APP_ROLE}:${options.passwords.app}@127.0.0.1:${String(options.port)}/${database}`;
}

/** PostgreSQL refuses to run as root. */
function unprivilegedUser(): string {
  try {
    execFileSync('id', ['postgres'], { stdio: 'ignore' });
    return 'postgres';
  } catch {
    return 'nobody';
  }
}

function settings(options: PostgresOptions, withCitus: boolean): string[] {
  const always = [
    'listen_addresses=127.0.0.1',
    `port=${String(options.port)}`,
    'unix_socket_directories=',
    'max_connections=300',
  ];
  const durability = options.durable ? ['fsync=on'] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];
  // Logical WAL and one more slot are what Citus asks for, to move shards.
  const citus = withCitus ? ['shared_preload_libraries=citus', 'wal_level=logical'] : [];
  // On one node few shards do: with the default of 32, a hundred tables' partitions take seconds to make, and to empty.
  if (withCitus) citus.push('citus.shard_count=4');
  return [...always, ...durability, ...citus].flatMap((setting) => ['-c', setting]);
}

export function citusIsInstalled(bin: string): boolean {
  const shared = execFileSync(join(bin, 'pg_config'), ['--sharedir'], { encoding: 'utf8' }).trim();
  return existsSync(join(shared, 'extension', 'citus.control'));
}

function createCluster(options: PostgresOptions, data: string, user: string): void {
  if (existsSync(join(data, 'PG_VERSION'))) return;
  const passwordFile = join(options.dir, 'superuser.password');
  mkdirSync(options.dir, { recursive: true });
  if (process.getuid?.() === 0) {
    execFileSync('chown', [user, options.dir]);
    chmodSync(options.dir, 0o700);
  }
  rmSync(data, { recursive: true, force: true });
  writeFileSync(passwordFile, options.passwords.superuser, { mode: 0o600 });
  if (process.getuid?.() === 0) execFileSync('chown', [user, passwordFile]);
  try {
    const how = ['--username=postgres', '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C.UTF-8'];
    const sync = options.durable ? [] : ['--no-sync'];
    runAs(user, [join(options.bin, 'initdb'), '-D', data, `--pwfile=${passwordFile}`, ...how, ...sync]);
  } finally {
    rmSync(passwordFile);
  }
}

/** Citus connects from a node to itself, as the roles below, and needs their passwords like everybody. */
function writePasswordFile(options: PostgresOptions, user: string): void {
  const file = join(options.dir, 'pgpass');
  const { superuser, owner, app } = options.passwords;
  const lines = Object.entries({ postgres: superuser, [OWNER_ROLE]: owner, [APP_ROLE]: app });
  writeFileSync(file, lines.map(([role, password]) => `*:*:*:${role}:${password}\n`).join(''), { mode: 0o600 });
  if (process.getuid?.() === 0) execFileSync('chown', [user, file]);
}

/** Opens a connection for one piece of work. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'stack' });
  // A server that is stopped meanwhile fails the work by its query; without a listener it would end this process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function exists(client: pg.Client, query: string, name: string): Promise<boolean> {
  return (await client.query(query, [name])).rowCount === 1;
}

async function ensureRole(client: pg.Client, role: string, password: string, rights: string): Promise<void> {
  if (!(await exists(client, 'select from pg_roles where rolname = $1', role)))
    await client.query(`create role ${role}`);
  await client.query(`alter role ${role} login ${rights} password ${client.escapeLiteral(password)}`);
}

/** The owner migrates; the servers' role changes rows, no schema, and is never kept waiting for long. */
async function createRoles(client: pg.Client, options: PostgresOptions): Promise<void> {
  await ensureRole(client, OWNER_ROLE, options.passwords.owner, 'createrole');
  await ensureRole(client, APP_ROLE, options.passwords.app, '');
  await client.query(`grant ${APP_ROLE} to ${OWNER_ROLE} with admin option`);
  for (const limit of ['statement_timeout', 'idle_in_transaction_session_timeout', 'lock_timeout']) {
    await client.query(`alter role ${APP_ROLE} set ${limit} = '1s'`);
  }
}

/** Makes an empty database of the owner; with Citus in it where the server has Citus. */
export async function createDatabase(options: PostgresOptions, database: string): Promise<void> {
  await withClient(superuserUrl(options), async (client) => {
    if (await exists(client, 'select from pg_database where datname = $1', database)) return;
    await client.query(`create database ${database} owner ${OWNER_ROLE}`);
  });
  if (!citusIsInstalled(options.bin)) return;
  await withClient(superuserUrl(options, database), async (client) => {
    await client.query('create extension if not exists citus');
  });
}

/** A cluster of our own on loopback, with the roles; `database` is made too. */
export function postgresSpec(options: PostgresOptions, database?: string): ProcessSpec {
  const data = join(options.dir, 'data');
  const user = unprivilegedUser();
  return {
    name: options.name ?? 'postgres',
    command: [join(options.bin, 'postgres'), '-D', data, ...settings(options, citusIsInstalled(options.bin))],
    after: [],
    env: { PGPASSFILE: join(options.dir, 'pgpass') },
    prepare: () => {
      createCluster(options, data, user);
      writePasswordFile(options, user);
    },
    ready: () => withClient(superuserUrl(options), async (client) => void (await client.query('select 1'))),
    provision: async () => {
      await withClient(superuserUrl(options), (client) => createRoles(client, options));
      if (database !== undefined) await createDatabase(options, database);
    },
    readyWithinMs: 60_000,
    // SIGINT is PostgreSQL's fast shutdown: sessions are ended, nothing is lost.
    stopSignal: 'SIGINT',
    orphanSignal: 'INT',
    userUnderRoot: user,
  };
}
