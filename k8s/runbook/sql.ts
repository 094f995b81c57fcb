/** What PostgreSQL says to a process of ours, as the role that processes have. `sql` of k8s/runbook.sh runs it in a pod: there is no psql. */
import pg from 'pg';

const [statement = ''] = process.argv.slice(2);
const client = new pg.Client({ connectionString: process.env['DATABASE_URL'], connectionTimeoutMillis: 3_000 });
try {
  await client.connect();
  const { rows, fields, rowCount } = await client.query<unknown[]>({ text: statement, rowMode: 'array' });
  process.stdout.write(
    `${[fields.map(({ name }) => name), ...rows].map(line).join('\n')}\n(${String(rowCount)} rows)\n`,
  );
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
} finally {
  await client.end();
}

function line(cells: readonly unknown[]): string {
  return cells.map(worded).join(' | ');
}

function worded(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  const interval = value as { toPostgres?: (prepare: unknown) => string } | null;
  if (typeof interval?.toPostgres === 'function') return interval.toPostgres(String);
  return typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value);
}
