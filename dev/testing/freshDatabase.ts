/** A migrated, empty database for one test file. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { migrate } from '#adapters/postgres/migrate.ts';
import {
  appUrl,
  citusIsInstalled,
  createDatabase,
  ownerUrl,
  type PostgresOptions,
  superuserUrl,
  withClient,
} from '../stack/infrastructure/postgres.ts';
import { sharedPostgres, startTestPostgres } from './testServers.ts';

/** Any number, the same for all test files: one of them makes the template. */
const TEMPLATE_LOCK = 7_220_402;
const TEMPLATE = 'pahlawan_template';
const LEAK_GRACE_MS = 2_000;

export interface FreshDatabase {
  readonly name: string;
  /** As the servers' role, with its timeouts. */
  readonly appUrl: string;
  /** As the schema's owner. */
  readonly ownerUrl: string;
  /** As the superuser. */
  readonly url: string;
  /** @throws Error naming who is still connected: a pool was not ended */
  drop(): Promise<void>;
}

let ownCluster: Promise<PostgresOptions> | undefined;

function cluster(): Promise<PostgresOptions> {
  const shared = sharedPostgres();
  if (shared) return Promise.resolve(shared);
  ownCluster ??= startTestPostgres().then(({ options }) => options);
  return ownCluster;
}

async function ensureTemplate(options: PostgresOptions): Promise<void> {
  await withClient(superuserUrl(options), async (client) => {
    await client.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const { rowCount } = await client.query('select from pg_database where datname = $1 and datistemplate', [TEMPLATE]);
    if (rowCount === 1) return;
    await createDatabase(options, TEMPLATE);
    await migrate(ownerUrl(options, TEMPLATE));
    await client.query(`alter database ${TEMPLATE} is_template true`);
  });
}

async function cloneTemplate(options: PostgresOptions, name: string): Promise<void> {
  await ensureTemplate(options);
  await withClient(superuserUrl(options), (client) =>
    client.query(`create database ${name} template ${TEMPLATE} owner pahlawan_owner`),
  );
}

/** Citus' catalogue names the shards of one database: a copy of it would point at the original's. */
async function migrateAnew(options: PostgresOptions, name: string): Promise<void> {
  await createDatabase(options, name);
  await migrate(ownerUrl(options, name));
}

/** A database nobody else sees, cloned from a migrated template; `drop` it in `after`. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const options = await cluster();
  const name = `test_${randomBytes(8).toString('hex')}`;
  await (citusIsInstalled(options.bin) ? migrateAnew : cloneTemplate)(options, name);
  return {
    name,
    appUrl: appUrl(options, name),
    ownerUrl: ownerUrl(options, name),
    url: superuserUrl(options, name),
    drop: () => withClient(superuserUrl(options), (client) => dropDatabase(client, name)),
  };
}

async function connectedTo(client: pg.Client, name: string): Promise<string[]> {
  const { rows } = await client.query<{ who: string }>(
    `select concat_ws(' ', nullif(application_name, ''), usename, state) as who from pg_stat_activity
     where datname = $1 and backend_type = 'client backend' and application_name not like 'citus%'`,
    [name],
  );
  return rows.map(({ who }) => who);
}

async function dropDatabase(client: pg.Client, name: string): Promise<void> {
  let left = await connectedTo(client, name);
  // A connection that was just ended may still be seen for a moment.
  for (const deadlineMs = Date.now() + LEAK_GRACE_MS; left.length > 0 && Date.now() < deadlineMs;) {
    await sleep(20);
    left = await connectedTo(client, name);
  }
  await client.query(`drop database ${name} with (force)`);
  if (left.length > 0)
    throw new Error(`A pool was not ended; still connected to the test's database: ${left.join(', ')}`);
}

export interface PostgresProcess {
  /** As the schema's owner. */
  readonly url: string;
  /** As the servers' role, with its grants and timeouts. */
  readonly appUrl: string;
  stop(): Promise<void>;
}

/** A database of one's own under the name tests know it by. */
export async function startPostgres(): Promise<PostgresProcess> {
  const database = await freshDatabase();
  return { url: database.ownerUrl, appUrl: database.appUrl, stop: () => database.drop() };
}

export function testPool(url: string, max = 4): pg.Pool {
  return new pg.Pool({ connectionString: url, max });
}
