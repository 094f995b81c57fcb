import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { QueryConfig } from 'pg';
import { freshDatabase, type FreshDatabase } from '../../../../dev/testing/freshDatabase.ts';
import { createPool, type Pool } from '../pool.ts';
import { findDueLots } from './findDueLots.ts';
import type { Queryable } from './queryable.ts';
import { readBacklog } from './readBacklog.ts';

let database: FreshDatabase;
let pool: Pool;
before(async () => {
  database = await freshDatabase();
  pool = createPool(database.appUrl, 'due', 1);
});
after(async () => {
  await pool.end();
  await database.drop();
});

/** The indexes of lots that a statement goes by, planned on what has no statistics yet. */
async function indexesOf(ask: (db: Queryable) => Promise<unknown>): Promise<Set<string>> {
  const plans: string[] = [];
  const explaining = {
    query: async ({ text, values = [] }: QueryConfig) => {
      const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values as unknown[]);
      plans.push(...rows.map((row) => row['QUERY PLAN']));
      return { rows: [], rowCount: 0 };
    },
  } as unknown as Queryable;
  await ask(explaining);
  return new Set(plans.flatMap((line) => /using lot_\d+_(\w+) on/.exec(line)?.[1] ?? []));
}

for (const [name, ask] of [
  ['what is left undone', readBacklog],
  ['what is due', (db: Queryable) => findDueLots(db, '1', 100)],
] as const) {
  it(`${name} is found by its time: nothing else passes every open lot`, async (t) => {
    const { rowCount } = await pool.query(`select from pg_extension where extname = 'citus'`);
    if (rowCount === 1) return t.skip('Citus plans on its shards');
    assert.deepEqual([...(await indexesOf(ask))], ['geo_region_id_next_action_at_idx']);
  });
}
