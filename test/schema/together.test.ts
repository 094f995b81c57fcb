import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { migrate } from '#adapters/postgres/migrate.ts';
import {
  createDatabase,
  ownerUrl,
  superuserUrl,
  withClient,
  type PostgresOptions,
} from '../../dev/stack/infrastructure/postgres.ts';
import { startTestPostgres } from '../../dev/testing/testServers.ts';

const DATABASES = 6;
let server: Awaited<ReturnType<typeof startTestPostgres>>;

before(async () => {
  server = await startTestPostgres();
});
after(() => server.stop());

it("databases of one cluster can be migrated at the same time, though they share the services' role", async () => {
  const { options }: { options: PostgresOptions } = server;
  const names = Array.from({ length: DATABASES }, (_, n) => `together_${String(n)}`);
  for (const name of names) await createDatabase(options, name);
  const applied = await Promise.all(names.map((name) => migrate(ownerUrl(options, name))));
  assert.equal(new Set(applied).size, 1);
  assert.ok((applied[0] ?? 0) > 0);
  for (const name of names) {
    const { rows } = await withClient(ownerUrl(options, name), (client) =>
      client.query('show default_statistics_target'),
    );
    assert.deepEqual(rows, [{ default_statistics_target: '10' }], `${name} has its own`);
  }
});

it('a database that belongs to somebody else gets its schema, and its owner a hint', async () => {
  const { options }: { options: PostgresOptions } = server;
  await createDatabase(options, 'of_another');
  await withClient(superuserUrl(options, 'of_another'), async (client) => {
    await client.query('grant create, usage on schema public to pahlawan_owner');
    await client.query('alter database of_another owner to postgres');
  });
  const warnings: string[] = [];
  await migrate(ownerUrl(options, 'of_another'), undefined, (message) => void warnings.push(message));
  const hints = warnings.filter((message) => message.includes('default_statistics_target'));
  assert.equal(hints.length, 1, warnings.join('\n'));
});

it('a migration that could not be noted as applied has done nothing, and can be applied again', async () => {
  const { options }: { options: PostgresOptions } = server;
  await createDatabase(options, 'cut');
  const asOwner = (sql: string) => withClient(ownerUrl(options, 'cut'), (client) => client.query(sql));
  await asOwner('create table schemaversion (version bigint primary key constraint cut check (version <> 2))');
  await assert.rejects(migrate(ownerUrl(options, 'cut')), /cut/);
  await asOwner('alter table schemaversion drop constraint cut');
  assert.ok((await migrate(ownerUrl(options, 'cut'))) > 10);
});
