import type { Pool } from '../pool.ts';
import { inTransaction } from '../transaction.ts';
import type { Queryable } from './queryable.ts';

export interface AnswerKey {
  /** the organisation's home region as PostgreSQL's bigint in decimal; '0': operators */
  readonly homeRegionId: string;
  readonly commandId: string;
  readonly kind: string;
  readonly fingerprint: string;
}

export type Kept<Result> =
  | { readonly outcome: 'answered'; readonly answer: Result }
  /** the key was used for another request */
  | { readonly outcome: 'reused' }
  /** the first request of this key has not been answered yet */
  | { readonly outcome: 'in-flight' };

const CLAIM = `insert into command (geo_region_id, command_id, kind, fingerprint) values ($1, $2, $3, $4) on conflict do nothing`;
const READ = `select fingerprint, answer, created_at < now() - interval '10 seconds' as is_left_behind
  from command where geo_region_id = $1 and command_id = $2`;
const UNCLAIM = 'delete from command where geo_region_id = $1 and command_id = $2 and answer is null';
const ANSWER = 'update command set answer = $3 where geo_region_id = $1 and command_id = $2';

interface Row<Result> {
  readonly fingerprint: string | null;
  readonly answer: Result | null;
  /** its process must have died: no effect takes so long */
  readonly is_left_behind: boolean;
}

/**
 * One effect and one answer per key, in one transaction: a repeat waits for the first, then reads its answer.
 * What `effect` throws undoes all, the key too.
 */
export async function withKeptAnswer<Result>(
  pool: Pool,
  key: AnswerKey,
  effect: (db: Queryable) => Promise<Result>,
): Promise<Kept<Result>> {
  return await inTransaction(pool, async (db) => {
    if (await claim(db, key)) return fresh(await answered(db, key, await effect(db)));
    return keptIn(await read<Result>(db, key), key);
  });
}

/**
 * The same for effects outside PostgreSQL, which must bear to be repeated: one whose process died before its answer was
 * kept is done again. What `effect` throws frees the key.
 */
export async function withAnswerKeptAfter<Result>(
  pool: Pool,
  key: AnswerKey,
  effect: () => Promise<Result>,
): Promise<Kept<Result>> {
  if (!(await claim(pool, key))) {
    const row = await read<Result>(pool, key);
    const kept = keptIn(row, key);
    if (kept.outcome !== 'in-flight' || row?.is_left_behind !== true) return kept;
  }
  try {
    return fresh(await answered(pool, key, await effect()));
  } catch (error) {
    await pool.query(UNCLAIM, [key.homeRegionId, key.commandId]);
    throw error;
  }
}

function fresh<Result>(answer: Result): Kept<Result> {
  return { outcome: 'answered', answer };
}

function keptIn<Result>(row: Row<Result> | undefined, { fingerprint }: AnswerKey): Kept<Result> {
  // Gone again: what claimed it failed just now.
  if (row === undefined) return { outcome: 'in-flight' };
  if (row.fingerprint !== fingerprint) return { outcome: 'reused' };
  return row.answer === null ? { outcome: 'in-flight' } : { outcome: 'answered', answer: row.answer };
}

async function claim(db: Queryable, { homeRegionId, commandId, kind, fingerprint }: AnswerKey): Promise<boolean> {
  const claimed = await db.query(CLAIM, [homeRegionId, commandId, kind, fingerprint]);
  return claimed.rowCount === 1;
}

async function read<Result>(db: Queryable, { homeRegionId, commandId }: AnswerKey): Promise<Row<Result> | undefined> {
  return (await db.query<Row<Result>>(READ, [homeRegionId, commandId])).rows[0];
}

async function answered<Result>(db: Queryable, key: AnswerKey, answer: Result): Promise<Result> {
  await db.query(ANSWER, [key.homeRegionId, key.commandId, JSON.stringify(answer)]);
  return answer;
}
