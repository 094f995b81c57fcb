/** The migration job's PGOPTIONS, on a real PostgreSQL. */
import { equal, match } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { it } from 'node:test';
import { CHECKOUT } from '../../dev/stack/tools.ts';
import { freshDatabase, testPool } from '../../dev/testing/freshDatabase.ts';
import { componentOf, objectsOf, podsOf } from './rendered.ts';

it('a migration that finds its lock taken gives up after the lock timeout, and is done once it is free', async () => {
  const database = await freshDatabase();
  const pool = testPool(database.url, 1);
  const holder = await pool.connect();
  // migrate.ts's own lock: another migration at work
  await holder.query('select pg_advisory_lock(7220401)');
  const refused = migrate(database.url);
  match(refused.stderr, /lock timeout/);
  equal(refused.status, 1);
  await holder.query('select pg_advisory_unlock_all()');
  equal(migrate(database.url).status, 0);
  holder.release();
  await pool.end();
  await database.drop();
});

function migrate(url: string): { status: number | null; stderr: string } {
  const job = podsOf(objectsOf('slow-drain')).find((pod) => componentOf(pod) === 'migrate');
  const { command, env } = job?.spec.containers[0] as {
    command: [string, string];
    env: { name: string; value?: string }[];
  };
  const told = Object.fromEntries(env.map(({ name, value }) => [name, value ?? url]));
  return spawnSync(process.execPath, [join(CHECKOUT, command[1])], { env: told, encoding: 'utf8', timeout: 20_000 });
}
