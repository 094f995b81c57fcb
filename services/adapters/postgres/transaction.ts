import type { PoolClient } from 'pg';
import type { Pool } from './pool.ts';

/** All of `work` or nothing. A connection whose rollback fails is thrown away. */
export async function inTransaction<Result>(pool: Pool, work: (db: PoolClient) => Promise<Result>): Promise<Result> {
  const db = await pool.connect();
  try {
    await db.query('begin');
    const result = await work(db);
    await db.query('commit');
    db.release();
    return result;
  } catch (error) {
    const broken = await db.query('rollback').then(
      () => false,
      () => true,
    );
    db.release(broken);
    throw error;
  }
}
