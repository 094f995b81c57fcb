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

/** null: the key was used for another request */
export type Kept<Result> = { readonly answer: Result; readonly isRepeat: boolean } | null;

const CLAIM = `insert into command (geo_region_id, command_id, kind, fingerprint) values ($1, $2, $3, $4) on conflict do nothing`;
const READ = 'select fingerprint, answer from command where geo_region_id = $1 and command_id = $2';
const ANSWER = 'update command set answer = $3 where geo_region_id = $1 and command_id = $2';

interface Row<Result> {
  readonly fingerprint: string | null;
  readonly answer: Result | null;
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
    if (await claim(db, key)) return { answer: await answered(db, key, await effect(db)), isRepeat: false };
    const row = await read<Result>(db, key);
    if (row?.fingerprint !== key.fingerprint) return null;
    return row.answer === null ? null : { answer: row.answer, isRepeat: true };
  });
}

/**
 * The same for effects outside PostgreSQL, which must bear to be repeated: one that died before its answer was kept is
 * done again.
 */
export async function withAnswerKeptAfter<Result>(
  pool: Pool,
  key: AnswerKey,
  effect: () => Promise<Result>,
): Promise<Kept<Result>> {
  if (!(await claim(pool, key))) {
    const row = await read<Result>(pool, key);
    if (row?.fingerprint !== key.fingerprint) return null;
    if (row.answer !== null) return { answer: row.answer, isRepeat: true };
  }
  return { answer: await answered(pool, key, await effect()), isRepeat: false };
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
