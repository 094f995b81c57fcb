/** PostgreSQL alone: the very rows of a post of this run, written by pgbench, one statement and one transaction a post. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type pg from 'pg';
import { migrate } from '#adapters/postgres/migrate.ts';
import { createDatabase, ownerUrl, withClient } from '../dev/stack/infrastructure/postgres.ts';
import { postgresIn } from '../dev/stack/postgresIn.ts';
import type { World } from './world.ts';

const SCRATCH = 'bench_scratch';

export interface Pgbench {
  readonly perSecond: number;
  readonly latencyMs: number;
  readonly clients: number;
  readonly rowBytes: number;
}

/** @throws Error when no post has had its offer yet: its rows are the model */
export async function pgbench(world: World, clients: number, seconds: number): Promise<Pgbench> {
  const options = postgresIn(world.dir, world.stack.ports['postgres'] ?? 0);
  await createDatabase(options, SCRATCH);
  await migrate(ownerUrl(options, SCRATCH));
  const statement = await statementOf(world.db);
  const file = join(world.dir, 'post.pgbench.sql');
  writeFileSync(file, `${statement};\n`);
  const words = ['-n', '-M', 'prepared', '-c', String(clients), '-j', '1', '-T', String(seconds), '-f', file];
  const { username, password, port } = new URL(ownerUrl(options, SCRATCH));
  const where = { PGHOST: '127.0.0.1', PGPORT: port, PGUSER: username, PGPASSWORD: password, PGDATABASE: SCRATCH };
  const { stdout } = await promisify(execFile)(join(options.bin, 'pgbench'), words, {
    env: { ...process.env, ...where },
  });
  const perSecond = Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
  const latencyMs = Number(/latency average = ([\d.]+)/.exec(stdout)?.[1]);
  await withClient(
    ownerUrl(options, SCRATCH),
    async (client) => void (await client.query('truncate lot, offer, matching_history, command, outbox')),
  );
  return { perSecond, latencyMs, clients, rowBytes: Buffer.byteLength(statement) };
}

/** A post's rows: one key, one lot, one offer, two steps, one event. */
const ROWS: readonly { readonly table: string; readonly where: string }[] = [
  { table: 'command', where: "kind = 'post' and answer->'surplus'->>'id' = $1" },
  { table: 'lot', where: 'lot_id = $1' },
  { table: 'offer', where: 'lot_id = $1' },
  { table: 'matching_history', where: 'lot_id = $1 order by version' },
  { table: 'outbox', where: 'lot_id = $1 order by lot_version' },
];

/** What must differ from post to post; all else is as it was. */
const FRESH: Readonly<Record<string, string>> = {
  command_id: "'key-donor-bench-' || id.u",
  lot_id: "'2e69f1b-' || id.u",
  root_id: "'2e69f1b-' || id.u",
  offer_id: "'2e69f1b-' || id.u || '-1'",
  outbox_id: 'id.u',
  posted_at: 'now()',
  created_at: 'now()',
  published_at: 'null::timestamptz',
};

async function statementOf(db: pg.Client): Promise<string> {
  const found = await db.query<{ lot_id: string }>(
    "select lot_id from lot where state = 'offered' order by posted_at desc limit 1",
  );
  const lotId = found.rows[0]?.lot_id;
  if (lotId === undefined) throw new Error('no post has an offer yet');
  const inserts: string[] = [];
  for (const { table, where } of ROWS) {
    const { rows, fields } = await rawRows(db, `select * from ${table} where ${where}`, lotId);
    if (rows.length === 0) throw new Error(`no row of ${lotId} in ${table}`);
    for (const row of rows) inserts.push(insertOf(table, fields, row));
  }
  const steps = inserts.map((insert, n) => `w${String(n)} as (${insert})`);
  return `with id as materialized (select gen_random_uuid() as u), ${steps.join(', ')} select 1`.replaceAll('\n', ' ');
}

/** Columns as PostgreSQL writes them as text. */
async function rawRows(
  db: pg.Client,
  text: string,
  lotId: string,
): Promise<{ rows: (string | null)[][]; fields: string[] }> {
  const asText = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;
  const result = await db.query<(string | null)[]>({ text, values: [lotId], rowMode: 'array', types: asText });
  return { rows: result.rows, fields: result.fields.map(({ name }) => name) };
}

function insertOf(table: string, fields: readonly string[], row: readonly (string | null)[]): string {
  const values = fields.map((field, n) => {
    const value = row[n] ?? null;
    // pgbench reads :name as a variable, in strings too where a letter follows; E'\x3a' is a colon
    const literal = value === null ? 'null' : quoted(value);
    return value === null ? literal : (FRESH[field] ?? literal);
  });
  return `insert into ${table} (${fields.join(', ')}) select ${values.join(', ')} from id`;
}

function quoted(value: string): string {
  return `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll(':', '\\x3a')}'`;
}
