import pg from 'pg';

/** A connection of the campaign's own, for as long as it is used. */
export async function withDatabase<Result>(url: string, use: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url, application_name: 'faults' });
  // Without a listener a session that a fault ends would end this process; a query that is under way says so itself.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
