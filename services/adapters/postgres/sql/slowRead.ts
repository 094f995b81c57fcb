import type { Pool, QueryConfig, QueryResultRow } from 'pg';

const TIMEOUT_S = 10;

/** For an operator's screens, which look at a month at once: longer than the role's second, and never a write. */
export async function readSlowly<Row extends QueryResultRow>(
  pool: Pool,
  text: string,
  values: readonly unknown[],
): Promise<Row[]> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin read only');
    // Nor the role's plans, which are for one row among millions. With Citus also where its shards are; elsewhere the name means nothing.
    await client.query(
      `set local citus.propagate_set_commands = 'local'; set local statement_timeout = '${String(TIMEOUT_S)}s'; set local enable_seqscan = on`,
    );
    const query = { text, values: [...values], query_timeout: (TIMEOUT_S + 1) * 1_000 } as QueryConfig;
    const { rows } = await client.query<Row>(query);
    await client.query('commit');
    return rows;
  } catch (error) {
    broken = error as Error;
    throw error;
  } finally {
    client.release(broken);
  }
}
