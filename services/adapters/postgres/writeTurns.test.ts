import assert from 'node:assert/strict';
import { after, before, describe, it, test, type TestContext } from 'node:test';
import pg, { type QueryConfig } from 'pg';
import type { Answer, Cancel } from '#core/lots/command.ts';
import { DEFAULT_REGION_LEVEL, regionOf, signedIdOf } from '#core/geo/cell.ts';
import { lotIdOf, type CellToken } from '#core/words/ids.ts';
import type { CellStore, KeptAnswer, TurnWrite } from '#cell/ports.ts';
import { freshDatabase, type FreshDatabase } from '../../../dev/testing/freshDatabase.ts';
import { poolAsking, regionsGoTogether } from '../../../dev/testing/pools.ts';
import { newUuid } from '../ids/uuid.ts';
import { createCellStore } from './cellStore.ts';
import { createPool, type Pool } from './pool.ts';

const CELL = '46920bd' as CellToken;
/** What PostgreSQL says where there is none, in the words of its own. */
const WITHOUT_PARTITION = `do $$ begin create temp table p (d date) partition by range (d); insert into p values (now()); end $$`;
const REFUSED: Answer = { ok: false, refused: 'not-found', detail: 'no such lot' };
let database: FreshDatabase;
let pool: Pool;
before(async () => {
  database = await freshDatabase();
  pool = createPool(database.appUrl, 'turns', 4);
});
after(async () => {
  await pool.end();
  await database.drop();
});

/** As Citus hands on what a worker refused: no field names the constraint, and the name in the message has its shard behind it. */
function throughCoordinator(direct: Pool): Pool {
  const query = async (what: QueryConfig, values?: unknown[]): Promise<unknown> => {
    try {
      return await direct.query(what, values);
    } catch (error) {
      const { code, message } = error as Error & { code: string };
      const name = /^(.*"command_pkey).*"$/.exec(message)?.[1];
      throw Object.assign(new Error(name === undefined ? message : `${name}_102046"`), { code });
    }
  };
  return poolAsking(direct, query);
}

function turnOf(epoch: string, id: string, cell = CELL): TurnWrite {
  const nowMs = Date.now();
  const lotId = lotIdOf(cell, newUuid(nowMs));
  const command: Cancel = { kind: 'cancel', id, fingerprint: 'f', lotId, donorId: null, ifVersion: null };
  return {
    cell,
    epoch,
    notAfterMs: nowMs + 2_000,
    decidedAtMs: nowMs,
    commands: [{ command, answer: REFUSED }],
    changes: [],
    collected: [],
    traceparents: new Map(),
  };
}

test('a repeated command is known by its first answer, also where the error comes from a worker of Citus', async () => {
  for (const [id, through] of [
    ['direct', pool],
    ['relayed', throughCoordinator(pool)],
  ] as const) {
    const store = createCellStore(through, 'test', DEFAULT_REGION_LEVEL);
    const { epoch } = await store.activate(CELL);
    assert.deepEqual(await store.write(turnOf(epoch, id)), { wrote: true });
    const again = await store.write(turnOf(epoch, id));
    const first: KeptAnswer = { commandId: id, fingerprint: 'f', answer: REFUSED, elsewhere: null };
    assert.deepEqual(again, { wrote: false, because: 'repeated', kept: [first] });
  }
});

test('without a partition for today nobody is refused for what they wrote: it fails, and may be sent again', async () => {
  const store = createCellStore(pool, 'test', DEFAULT_REGION_LEVEL);
  const { epoch } = await store.activate(CELL);
  const withNone = poolAsking(pool, (what, values) =>
    what.name?.startsWith('write') ? pool.query(WITHOUT_PARTITION) : pool.query(what, values),
  );
  const away = createCellStore(withNone, 'test', DEFAULT_REGION_LEVEL);
  await assert.rejects(away.write(turnOf(epoch, 'no-partition')), { code: '23514' });
  assert.deepEqual(await store.write(turnOf(epoch, 'no-partition')), { wrote: true });
});

describe('turns of several regions', () => {
  /** Two of one region, one elsewhere. */
  const CELLS = [CELL, '46920a3', '2e69f3b'] as CellToken[];

  /** Counts what it is asked. */
  function counting(): { pool: Pool; names: string[] } {
    const names: string[] = [];
    const counted = poolAsking(pool, (what, values) => {
      if (what.name?.startsWith('write')) names.push(what.name);
      return pool.query(what, values);
    });
    return { pool: counted, names };
  }

  async function areApart(t: TestContext): Promise<boolean> {
    const apart = !(await regionsGoTogether(pool));
    if (apart) t.skip('Citus has a statement for each');
    return apart;
  }

  async function owned(id: string, through: Pool): Promise<{ write: CellStore['write']; turns: TurnWrite[] }> {
    const store = createCellStore(through, 'test', DEFAULT_REGION_LEVEL);
    const epochs = await Promise.all(CELLS.map(async (cell) => (await store.activate(cell)).epoch));
    return { write: store.write, turns: CELLS.map((cell, n) => turnOf(epochs[n] ?? '', `${id}-${String(n)}`, cell)) };
  }

  async function written(id: string): Promise<string[]> {
    const { rows } = await pool.query<{ region: string; id: string }>(
      'select geo_region_id as region, command_id as id from command where command_id like $1 order by command_id',
      [`${id}-%`],
    );
    const homes = CELLS.map((cell) => signedIdOf(regionOf(cell, DEFAULT_REGION_LEVEL)));
    for (const row of rows) assert.equal(row.region, homes[Number(row.id.at(-1))], row.id);
    return rows.map((row) => row.id);
  }

  it('go in one statement, each to the rows of its region', async (t) => {
    if (await areApart(t)) return;
    const { pool: counted, names } = counting();
    const { write, turns } = await owned('all', counted);
    assert.deepEqual(await Promise.all(turns.map(write)), Array(3).fill({ wrote: true }));
    assert.deepEqual(names, ['write_regions']);
    assert.deepEqual(await written('all'), ['all-0', 'all-1', 'all-2']);
  });

  it('one that is refused fails none of its neighbours, here or elsewhere', async (t) => {
    if (await areApart(t)) return;
    const { pool: counted, names } = counting();
    const { write, turns } = await owned('some', counted);
    const [first = assert.fail(), ...others] = turns;
    const fenced = { ...first, epoch: String(Number(first.epoch) - 1) };
    const [refused, ...rest] = await Promise.all([fenced, ...others].map(write));
    assert.deepEqual(refused, { wrote: false, because: 'fenced' });
    assert.deepEqual(rest, Array(2).fill({ wrote: true }));
    assert.deepEqual(await written('some'), ['some-1', 'some-2']);
    // all; each region; the two of the one that was refused again
    assert.deepEqual(names, ['write_regions', ...Array<string>(4).fill('write_turns')]);
  });

  it('one that lies where there is no partition, for its clock is months off, fails alone', async (t) => {
    if (await areApart(t)) return;
    const { write, turns } = await owned(
      'off',
      poolAsking(pool, (what, values) =>
        what.name?.startsWith('write') && JSON.stringify(what.values).includes('off-0')
          ? pool.query(WITHOUT_PARTITION)
          : pool.query(what, values),
      ),
    );
    const [off, ...rest] = await Promise.all(turns.map((turn) => write(turn).catch(codeOf)));
    assert.equal(off, '23514');
    assert.deepEqual(rest, Array(2).fill({ wrote: true }));
    assert.deepEqual(await written('off'), ['off-1', 'off-2']);
  });

  it('repeats are answered from their rows in one question, and the others go on together', async (t) => {
    if (await areApart(t)) return;
    const { pool: counted, names } = counting();
    const { write, turns } = await owned('again', counted);
    const [first = assert.fail(), second = assert.fail(), third = assert.fail()] = turns;
    for (const turn of [first, third]) assert.deepEqual(await write(turn), { wrote: true });
    names.length = 0;
    const fresh = turnOf(first.epoch, 'again-9', first.cell);
    const answers = await Promise.all([first, second, third, fresh].map(write));
    const repeated = (id: string): object => {
      const kept: KeptAnswer = { commandId: id, fingerprint: 'f', answer: REFUSED, elsewhere: null };
      return { wrote: false, because: 'repeated', kept: [kept] };
    };
    assert.deepEqual(answers, [repeated('again-0'), { wrote: true }, repeated('again-2'), { wrote: true }]);
    // all; those of one region that are new
    assert.deepEqual(names, ['write_regions', 'write_turns']);
  });

  it('of two that repeat each other one is written, and the other gets its answer', async (t) => {
    if (await areApart(t)) return;
    const { write, turns } = await owned('twin', pool);
    const [first = assert.fail(), second = assert.fail()] = turns;
    const twin = turnOf(second.epoch, 'twin-0', second.cell);
    const answers = await Promise.all([first, twin, second].map(write));
    const outcomes = answers.map((answer) => (answer.wrote ? 'wrote' : answer.because)).sort();
    assert.deepEqual(outcomes, ['repeated', 'wrote', 'wrote']);
  });

  it('who waits for a lock fails for it alone, and holds up for a moment only what comes after', async (t) => {
    const { write, turns } = await owned('late', pool);
    const again = (n: number, id: string): TurnWrite => {
      const { epoch, cell } = turns[n] ?? assert.fail();
      return turnOf(epoch, id, cell);
    };
    assert.deepEqual(await write(again(2, 'late-2')), { wrote: true });
    const holder = new pg.Client({ connectionString: database.url });
    await holder.connect();
    t.after(() => holder.end());
    await holder.query('begin');
    const place = [signedIdOf(regionOf(CELL, DEFAULT_REGION_LEVEL)), signedIdOf(CELL)];
    await holder.query('select from cell where geo_region_id = $1 and cell_id = $2 for update', place);
    const held = [0, 1, 2].map((n) => write(again(n, `held-${String(n)}`)).catch(codeOf));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const first = await Promise.race([...held, write(again(2, 'next-2')).then(() => 'what came after')]);
    assert.equal(first, 'what came after');
    const [one, other, elsewhere] = await Promise.all(held);
    // whichever of the role's two seconds is over first: for locks, or for statements
    for (const outcome of [one, other]) assert.ok(outcome === '55P03' || outcome === '57014');
    assert.deepEqual(elsewhere, { wrote: true });
    assert.deepEqual([await written('held'), await written('next')], [['held-2'], ['next-2']]);
  });
});

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string }).code;
}
