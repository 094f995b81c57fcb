/** Pools of PostgreSQL as tests see through them. */
import type { QueryConfig } from 'pg';
import { createGroups } from '#adapters/postgres/groups.ts';
import type { Pool } from '#adapters/postgres/pool.ts';

/** The same pool, asked another way. */
export function poolAsking<Of extends Pool>(pool: Of, query: (what: QueryConfig, values?: unknown[]) => unknown): Of {
  return new Proxy(pool, {
    get: (target, name) => (name === 'query' ? query : (Reflect.get(target, name) as unknown)),
  });
}

/** Whether regions go together (`Groups`): with Citus they do not. */
export async function regionsGoTogether(pool: Pool): Promise<boolean> {
  const groups = createGroups(pool);
  return (await groups.of('one')) === (await groups.of('other'));
}
