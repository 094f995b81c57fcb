/** One-shot: brings the database to the newest schema. `node services/adapters/postgres/migrate.ts`; MIGRATION_DATABASE_URL names it. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import Postgrator from 'postgrator';
import { DEFAULT_CELL_LEVEL, DEFAULT_REGION_LEVEL } from '#core/geo/cell.ts';
import { statementsOf } from './statementsOf.ts';

/** Any number, the same for all: only one migration runs at a time. */
const MIGRATION_LOCK = 7_220_401;

/**
 * Citus refuses a script that changes a table's shards side by side, over several connections, and then a distributed function (012
 * does): so one after the other. Not in the script, which may not change once applied. Elsewhere a setting nobody reads.
 */
const SHARD_BY_SHARD = "set citus.multi_shard_modify_mode = 'sequential'";

/**
 * Applies what is missing, in order, each file in a transaction of its own.
 * @param warned of what could not be done and is not needed for the schema
 * @throws Error when the S2 levels of this code are not those the database was keyed with
 */
export async function migrate(
  databaseUrl: string,
  levels = { cell: DEFAULT_CELL_LEVEL, region: DEFAULT_REGION_LEVEL },
  warned: (message: string) => void = () => undefined,
): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'migrate' });
  client.on('notice', ({ severity, message }) => {
    if (severity === 'WARNING') warned(message ?? '');
  });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await client.query(SHARD_BY_SHARD);
    const postgrator = new Postgrator({
      migrationPattern: join(import.meta.dirname, 'migrations', '*.sql'),
      driver: 'pg',
      ...withItsNote(client),
    });
    const applied = await postgrator.migrate();
    await keepLevels(client, levels);
    return applied.length;
  } finally {
    await client.end();
  }
}

/**
 * That a script was applied Postgrator notes by a question of its own: that goes in the script's transaction. A cut between the two would leave what
 * can't be applied again, and no later migration would be.
 */
function withItsNote(client: pg.Client): Pick<Postgrator.PostgreSQLOptions, 'execQuery' | 'execSqlScript'> {
  let isOpen = false;
  return {
    execSqlScript: async (script) => {
      await begin(client, script);
      isOpen = true;
    },
    execQuery: async (query) => {
      const result = await client.query(query);
      if (isOpen) await client.query('commit');
      isOpen = false;
      return result;
    },
  };
}

/** Another database of the same cluster is migrated at this moment: both set the services' role, which they share. */
const ROLE_COLLISION = 'tuple concurrently updated';
const MAX_COLLISIONS = 50;
const PAUSE_MS = 50;

/** A script is one transaction, which it leaves open: after a collision nothing of it is left. */
async function begin(client: pg.Client, script: string): Promise<void> {
  for (let collisions = 0; ; collisions++) {
    try {
      await runInTransaction(client, statementsOf(script));
      return;
    } catch (error) {
      // A connection that broke has nothing to take back; what broke it is the word to pass on.
      await client.query('rollback').catch(() => undefined);
      const isCollision = error instanceof Error && error.message === ROLE_COLLISION;
      if (!isCollision || collisions === MAX_COLLISIONS) throw error;
      await sleep(PAUSE_MS * (1 + Math.random()));
    }
  }
}

/** Each statement by itself: Citus sends its workers the text it was given, and they take one statement at a time. */
async function runInTransaction(client: pg.Client, statements: readonly string[]): Promise<void> {
  await client.query('begin');
  for (const statement of statements) await client.query(statement);
}

/** The level re-keys everything: it is written once and a mismatch is refused. */
async function keepLevels(client: pg.Client, levels: { cell: number; region: number }): Promise<void> {
  const wanted = { cell_level: String(levels.cell), region_level: String(levels.region) };
  for (const [setting, value] of Object.entries(wanted)) {
    await client.query('insert into deployment (setting, value) values ($1, $2) on conflict do nothing', [
      setting,
      value,
    ]);
    const { rows } = await client.query<{ value: string }>('select value from deployment where setting = $1', [
      setting,
    ]);
    if (rows[0]?.value !== value) {
      throw new Error(
        `This database is keyed with ${setting} ${String(rows[0]?.value)}, this code with ${value}. Use the same level, or a new database.`,
      );
    }
  }
}

if (import.meta.main) {
  const url = process.env['MIGRATION_DATABASE_URL'] ?? process.env['DATABASE_URL'];
  if (url === undefined) throw new Error('Set MIGRATION_DATABASE_URL (the schema owner of the database).');
  const count = await migrate(url, undefined, (message) => void process.stderr.write(`warning: ${message}\n`));
  process.stdout.write(`migrations applied: ${String(count)}\n`);
}
