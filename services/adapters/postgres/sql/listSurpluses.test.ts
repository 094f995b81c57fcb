import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type pg from 'pg';
import { freshDatabase, testPool, type FreshDatabase } from '../../../../dev/testing/freshDatabase.ts';
import { insertLot } from '../../../../dev/testing/workerStage.ts';
import { isEnd, LOT_STATES, type LotState } from '#core/lots/lot.ts';
import { createPool, type Pool } from '../pool.ts';
import { listSurpluses } from './listSurpluses.ts';

let database: FreshDatabase;
let owner: pg.Pool;
let pool: Pool;
/** newest first */
const lots: { id: string; state: LotState }[] = [];

before(async () => {
  database = await freshDatabase();
  owner = testPool(database.ownerUrl);
  pool = createPool(database.appUrl, 'list', 4);
  for (let n = 0; n < 61; n++) {
    const state = LOT_STATES[(n * 5) % LOT_STATES.length] ?? 'posted';
    const id = await insertLot(owner, isEnd(state) ? {} : { state });
    if (isEnd(state))
      await owner.query('update lot set state = $2, ended_at = now(), next_action_at = null where lot_id = $1', [
        id,
        state,
      ]);
    lots.unshift({ id, state });
  }
});
after(async () => {
  await Promise.all([owner.end(), pool.end()]);
  await database.drop();
});

/** All of it, page by page. */
async function idsOf(state: LotState | null, limit: number): Promise<string[]> {
  const ids: string[] = [];
  for (let after: { at: string; id: string } | null = null; ;) {
    const page = await listSurpluses(pool, { of: 'all', state, after, limit });
    ids.push(...page.map((lot) => lot.id));
    const last = page.at(-1);
    if (last === undefined || page.length < limit) return ids;
    after = { at: new Date(last.postedAtMs).toISOString(), id: last.id };
  }
}

it('all lots come newest first, in pages of any size, whatever has become of them', async () => {
  for (const limit of [1, 7, 100])
    for (const state of [null, ...LOT_STATES]) {
      const expected = lots.filter((lot) => state === null || lot.state === state).map(({ id }) => id);
      assert.deepEqual((await idsOf(state, limit)).sort(), expected.sort(), `${String(state)} by ${String(limit)}`);
    }
  const page = await listSurpluses(pool, { of: 'all', state: null, after: null, limit: 61 });
  const times = page.map((lot) => lot.postedAtMs);
  assert.deepEqual(
    times,
    times.toSorted((one, other) => other - one),
  );
});

it('what has ended is found by its index, in its order: nothing passes all of it', async (t) => {
  const { rowCount } = await pool.query(`select from pg_extension where extname = 'citus'`);
  if (rowCount === 1) return t.skip('Citus plans on its shards');
  const plans: string[][] = [];
  const explaining = Object.create(pool, {
    query: {
      value: async (text: string, values: unknown[]) => {
        const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values);
        plans.push(rows.map((row) => row['QUERY PLAN']));
        return { rows: [] };
      },
    },
  }) as Pool;
  await listSurpluses(explaining, { of: 'all', state: 'collected', after: null, limit: 50 });
  const [plan = []] = plans;
  assert.ok(
    plan.some((line) => /Index Scan using lot_\d+_state_posted_at_lot_id/.test(line)),
    plan.join('\n'),
  );
  assert.ok(!plan.some((line) => /Sort|Seq Scan/.test(line)), plan.join('\n'));
});
