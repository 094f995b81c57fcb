import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { QueryConfig } from 'pg';
import { freshDatabase, type FreshDatabase } from '../../../../dev/testing/freshDatabase.ts';
import { createPool, type Pool } from '../pool.ts';
import { findDueLots } from './findDueLots.ts';
import { deleteOldTravelTimes } from './housekeeping.ts';
import type { Queryable } from './queryable.ts';
import { readBacklog } from './readBacklog.ts';
import { listOffers } from './readOffers.ts';

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

/** The indexes of a table that a statement goes by, planned on what has no statistics yet. */
async function indexesOf(table: string, ask: (db: Queryable) => Promise<unknown>): Promise<Set<string>> {
  const plans: string[] = [];
  const explaining = {
    query: async (asked: QueryConfig | string, given: unknown[] = []) => {
      const { text, values = given } = typeof asked === 'string' ? { text: asked } : asked;
      const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values as unknown[]);
      plans.push(...rows.map((row) => row['QUERY PLAN']));
      return { rows: [], rowCount: 0 };
    },
  } as unknown as Queryable;
  await ask(explaining);
  const name = new RegExp(`(?:using|Bitmap Index Scan on) ${table}_(?:\\d+_)?(\\w+)`);
  return new Set(plans.flatMap((line) => name.exec(line)?.[1] ?? []));
}

const withCitus = async (): Promise<boolean> =>
  (await pool.query(`select from pg_extension where extname = 'citus'`)).rowCount === 1;

const BY_TIME = 'geo_region_id_next_action_at_idx';
for (const [name, ask, indexes] of [
  ['what is left undone', readBacklog, [BY_TIME]],
  // and what waits by a clock that was ahead by indexes of its own
  [
    'what is due',
    (db: Queryable) => findDueLots(db, '1', 100),
    [BY_TIME, `${BY_TIME}1`, 'geo_region_id_posted_at_idx'],
  ],
] as const) {
  it(`${name} is found by its time: nothing else passes every open lot`, async (t) => {
    if (await withCitus()) return t.skip('Citus plans on its shards');
    assert.deepEqual([...(await indexesOf('lot', ask))], indexes);
  });
}

it('offers that hold a lot now are found by an index of their own, not among all that a recipient ever had', async (t) => {
  if (await withCitus()) return t.skip('Citus plans on its shards');
  for (const state of ['open', 'claimed']) {
    // as it is planned for all values, which `explain` of the text alone would not be
    const preparing = {
      query: async (text: string) => {
        await pool.query(`prepare held as ${text}`);
        const explained = `explain execute held('r', '${state}', null, null, 51)`;
        const { rows } = await pool.query<{ 'QUERY PLAN': string }>(explained);
        await pool.query('deallocate held');
        assert.match(rows.map((row) => row['QUERY PLAN']).join('\n'), /using offer_\d+_recipient_id_idx on/);
        return { rows: [] };
      },
    } as unknown as Pool;
    await listOffers(preparing, { recipientId: 'r', state, after: null, limit: 51 });
  }
});

it('old travel times are found by their age', async () => {
  const indexes = await indexesOf('travel_time', (db) => deleteOldTravelTimes(db, 30, 1_000));
  assert.ok(indexes.has('measured'), [...indexes].join());
});
