/** What Citus would refuse, found on plain PostgreSQL: the catalogue is read against the placement of every table. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { createPool, type Pool } from '#adapters/postgres/pool.ts';
import { startPostgres, type PostgresProcess } from '../../dev/testing/loopServers.ts';

const PLACEMENT: Record<string, 'distributed' | 'reference' | 'ordinary'> = {
  cell: 'distributed',
  lot: 'distributed',
  offer: 'distributed',
  matching_history: 'distributed',
  outbox: 'distributed',
  command: 'distributed',
  recipient_day: 'distributed',
  donor: 'reference',
  recipient: 'reference',
  region: 'reference',
  relay_slot: 'ordinary',
  member: 'ordinary',
  travel_time: 'ordinary',
  push_subscription: 'ordinary',
  phone_number: 'ordinary',
  audit_log: 'ordinary',
  deployment: 'ordinary',
  sign_in_link: 'ordinary',
  session: 'ordinary',
  passkey: 'ordinary',
  spent_challenge: 'ordinary',
  posting_window: 'ordinary',
  photo: 'ordinary',
};

let server: PostgresProcess;
let pool: Pool;
before(async () => {
  server = await startPostgres();
  pool = createPool(server.url, 'test', 2);
});
after(async () => {
  await pool.end();
  await server.stop();
});

async function column(sql: string): Promise<string[]> {
  const { rows } = await pool.query<{ value: string }>(sql);
  return rows.map((row) => row.value);
}

it('every table has a place', async () => {
  const tables = await column(
    `select relname as value from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition`,
  );
  const ours = tables.filter((name) => name !== 'schemaversion').sort();
  assert.deepEqual(ours, Object.keys(PLACEMENT).sort());
});

it('every primary and unique key of a distributed table holds the distribution column', async () => {
  const without = await column(`
    select c.relname || '.' || i.relname as value
    from pg_index x join pg_class c on c.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
    where c.relname in (${distributed()}) and (x.indisunique or x.indisprimary) and not exists (
      select 1 from pg_attribute a where a.attrelid = c.oid and a.attnum = any(x.indkey) and a.attname = 'geo_region_id')`);
  assert.deepEqual(without, []);
});

it('every distributed table has a primary key: shards can be moved without blocking', async () => {
  const without = await column(
    `select relname as value from pg_class where relname in (${distributed()}) and not exists (
       select 1 from pg_constraint k where k.conrelid = pg_class.oid and k.contype = 'p')`,
  );
  assert.deepEqual(without, []);
});

it('no foreign key leaves its shard, no trigger is on a distributed table', async () => {
  const keys = await column(`
    select conname as value from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class r on r.oid = k.confrelid
    where k.contype = 'f' and c.relname in (${distributed()}) and r.relname not in ('donor', 'recipient', 'region')`);
  const triggers = await column(
    `select tgname as value from pg_trigger t join pg_class c on c.oid = t.tgrelid where not tgisinternal and c.relname in (${distributed()})`,
  );
  assert.deepEqual([...keys, ...triggers], []);
});

it('partitions are made ahead: next month is there, and so are tomorrow and the week after for the outbox', async () => {
  // Each day the worker does so: this database may have been made before midnight.
  await column('select ensure_partitions() as value');
  const names = new Set(await column(`select inhrelid::regclass::text as value from pg_inherits`));
  const month = (ahead: number): string => {
    const now = new Date();
    return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1))
      .toISOString()
      .slice(0, 7)
      .replace('-', '');
  };
  const day = (ahead: number): string =>
    new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
  for (const table of ['lot', 'offer', 'matching_history']) {
    for (const ahead of [-1, 0, 1, 2])
      assert.ok(names.has(`${table}_${month(ahead)}`), `${table} in ${String(ahead)} months`);
  }
  for (const ahead of [0, 1, 7]) assert.ok(names.has(`outbox_${day(ahead)}`), `outbox in ${String(ahead)} days`);
  const { rows } = await pool.query<{ made: number }>('select ensure_partitions() as made');
  assert.equal(rows[0]?.made, 0, 'a second call finds nothing to do');
});

it('a partition that is needed and was detached is put back, one that is over is not; others in the way keep no day from going', async () => {
  const [today, tomorrow] = [0, 1].map(
    (days) => `outbox_${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '')}`,
  );
  const ofLast = `to_char(date_trunc('month', now() at time zone 'UTC') - interval '1 month', 'YYYYMM')`;
  const [last] = await column(`select 'lot_' || ${ofLast} as value`);
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query(`alter table outbox detach partition ${String(tomorrow)}`);
    await client.query(`alter table lot detach partition ${String(last)}`);
    await client.query(`create table outbox_default partition of outbox default`);
    const { rows } = await client.query<{ made: number }>('select ensure_partitions() as made');
    const isOver = new Date().getUTCDate() > 3;
    assert.equal(rows[0]?.made, isOver ? 1 : 2);
    await client.query('select drop_done_outbox_days()');
    const attached = await client.query<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent in ('outbox'::regclass, 'lot'::regclass)`,
    );
    const names = attached.rows.map(({ name }) => name);
    assert.deepEqual(
      [today, tomorrow, last].map((name) => names.includes(String(name))),
      [true, true, !isOver],
    );
  } finally {
    await client.query('rollback');
    client.release();
  }
});

it('what happened can only be added to, by way of its partitions too; migrations alone say what they were', async () => {
  const changeable = await column(
    `select c.relname as value from pg_class c
      where c.relnamespace = 'public'::regnamespace and has_table_privilege('pahlawan_app', c.oid, 'update')
        and (c.relname ~ '^(matching_history|audit_log)' or c.relname in ('schemaversion', 'deployment')) and c.relkind in ('r', 'p')`,
  );
  assert.deepEqual(changeable, []);
});

it('a read by id touches one partition', async () => {
  const { rows } = await pool.query<{ 'QUERY PLAN': string }>(
    `explain select * from lot where geo_region_id = 1 and posted_at = now() and lot_id = 'x'`,
  );
  const fixed = await pool.query<{ 'QUERY PLAN': string }>(
    `explain select * from lot where geo_region_id = 1 and posted_at = '${new Date().toISOString()}' and lot_id = 'x'`,
  );
  const scans = (plan: readonly { 'QUERY PLAN': string }[]): number =>
    plan.filter((row) => /Scan(?! \(Citus)/.test(row['QUERY PLAN'])).length;
  assert.equal(scans(fixed.rows), 1);
  assert.ok(rows.some((row) => row['QUERY PLAN'].includes('Subplans Removed')) || scans(rows) >= 1);
});

it('the services own nothing; their timeouts, and how they are planned, are on the role', async () => {
  const [withCitus] = await column(`select true as value from pg_extension where extname = 'citus'`);
  const config = await column(`select unnest(rolconfig) as value from pg_roles where rolname = 'pahlawan_app'`);
  assert.deepEqual(config.sort(), [
    'enable_seqscan=off',
    'idle_in_transaction_session_timeout=1s',
    'jit=off',
    'lock_timeout=1s',
    ...(withCitus !== undefined ? [] : ['plan_cache_mode=force_generic_plan']),
    'statement_timeout=1s',
  ]);
  const owned = await column(
    `select relname as value from pg_class where relowner = (select oid from pg_roles where rolname = 'pahlawan_app')`,
  );
  assert.deepEqual(owned, []);
  const superuser = await column(
    `select rolname as value from pg_roles where rolname = 'pahlawan_app' and (rolsuper or rolcreatedb or rolcreaterole)`,
  );
  assert.deepEqual(superuser, []);
});

function distributed(): string {
  return Object.entries(PLACEMENT)
    .filter(([, place]) => place === 'distributed')
    .map(([name]) => `'${name}'`)
    .join(', ');
}
