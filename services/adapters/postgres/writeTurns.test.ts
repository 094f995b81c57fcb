import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { QueryConfig } from 'pg';
import type { Answer, Cancel } from '#core/lots/command.ts';
import { DEFAULT_REGION_LEVEL } from '#core/geo/cell.ts';
import { lotIdOf, type CellToken } from '#core/words/ids.ts';
import type { KeptAnswer, TurnWrite } from '#cell/ports.ts';
import { freshDatabase, type FreshDatabase } from '../../../dev/testing/freshDatabase.ts';
import { newUuid } from '../ids/uuid.ts';
import { createCellStore } from './cellStore.ts';
import { createPool, type Pool } from './pool.ts';

const CELL = '46920bd' as CellToken;
const REFUSED: Answer = { ok: false, refused: 'not-found', detail: 'no such lot' };
let database: FreshDatabase;
let pool: Pool;
before(async () => {
  database = await freshDatabase();
  pool = createPool(database.appUrl, 'turns', 2);
});
after(async () => {
  await pool.end();
  await database.drop();
});

/** As Citus hands on what a worker refused: no field names the constraint, and the name in the message has its shard behind it. */
function throughCoordinator(direct: Pool): Pool {
  const query = async (what: string | QueryConfig, values?: unknown[]): Promise<unknown> => {
    try {
      return await direct.query(what, values);
    } catch (error) {
      const { code, message } = error as Error & { code: string };
      const name = /^(.*"command_pkey).*"$/.exec(message)?.[1];
      throw Object.assign(new Error(name === undefined ? message : `${name}_102046"`), { code });
    }
  };
  return new Proxy(direct, {
    get: (target, name) => (name === 'query' ? query : (Reflect.get(target, name) as unknown)),
  });
}

function turnOf(epoch: string, id: string): TurnWrite {
  const nowMs = Date.now();
  const lotId = lotIdOf(CELL, newUuid(nowMs));
  const command: Cancel = { kind: 'cancel', id, fingerprint: 'f', lotId, donorId: null, ifVersion: null };
  return {
    cell: CELL,
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
