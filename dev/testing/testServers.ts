/**
 * The servers one run of the tests shares: `make test` starts them once and names them in TEST_DATABASE_URL, TEST_REDIS_URL and
 * TEST_NATS_URL. A test file that runs alone starts those it asks for itself.
 */
import { randomBytes } from 'node:crypto';
import { type PostgresOptions, postgresSpec, superuserUrl } from '../stack/infrastructure/postgres.ts';
import { freePort } from '../stack/ports.ts';
import { findTools } from '../stack/tools.ts';
import { startNats, startRedis } from './servers.ts';
import { startTestServer, temporaryFolder } from './testServer.ts';

export interface TestServers {
  /** The superuser's; a database of one's own comes from freshDatabase(). */
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly natsUrl: string;
  stop(): Promise<void>;
}

/** As the environment names it, else undefined. */
export function sharedPostgres(): PostgresOptions | undefined {
  const given = process.env['TEST_DATABASE_URL'];
  if (given === undefined) return undefined;
  const { port, password } = new URL(given);
  return postgresOptions(findTools().postgresBin, Number(port), decodeURIComponent(password), '');
}

function postgresOptions(bin: string, port: number, password: string, dir: string): PostgresOptions {
  // One password for all its roles: it lives as long as the run.
  const passwords = { superuser: password, owner: password, app: password };
  return { bin, dir, port, passwords, durable: false };
}

export interface TestPostgres {
  options: PostgresOptions;
  stop(): Promise<void>;
}

/** A cluster for the tests: nothing of it is synced to disk. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const bin = findTools().postgresBin;
  const dir = temporaryFolder('postgres');
  const options = postgresOptions(bin, await freePort(), randomBytes(12).toString('hex'), dir);
  const server = await startTestServer(dir, postgresSpec(options));
  return { options, stop: () => server.stop() };
}

let own: Promise<TestServers> | undefined;

/** Those of the run; else new ones that end with this process. */
export function testServers(): Promise<TestServers> {
  const { TEST_DATABASE_URL: databaseUrl, TEST_REDIS_URL: redisUrl, TEST_NATS_URL: natsUrl } = process.env;
  if (databaseUrl !== undefined && redisUrl !== undefined && natsUrl !== undefined) {
    return Promise.resolve({ databaseUrl, redisUrl, natsUrl, stop: () => Promise.resolve() });
  }
  own ??= startTestServers();
  return own;
}

export async function startTestServers(): Promise<TestServers> {
  const [postgres, redis, nats] = await Promise.all([startTestPostgres(), startRedis(), startNats()]);
  return {
    databaseUrl: superuserUrl(postgres.options),
    redisUrl: redis.url,
    natsUrl: nats.url,
    stop: async () => void (await Promise.all([postgres.stop(), redis.stop(), nats.stop()])),
  };
}
