import type { Pool } from 'pg';

/** What a statement needs: a pool, or a client within a transaction. */
export type Queryable = Pick<Pool, 'query'>;
