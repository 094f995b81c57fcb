import pg from 'pg';

export type Pool = pg.Pool;

/**
 * Connections of the services' role. Its timeouts (statement, idle in transaction, lock: 1 s) are set on the role in the
 * database, so no client can forget them.
 * @param max connections; a turn holds one for the length of one statement
 */
export function createPool(databaseUrl: string, applicationName: string, max = 16): Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    application_name: applicationName,
    max,
    connectionTimeoutMillis: 2_000,
    idleTimeoutMillis: 30_000,
    // A dead server must not hang a turn: beyond the statement's own second the socket is given up.
    query_timeout: 3_000,
    keepAlive: true,
  });
  // A connection that breaks is replaced at the next use; without a listener it would end the process, idle (the pool's
  // event) or lent (its own event, which the pool leaves to whoever called connect).
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
