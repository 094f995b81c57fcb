/** Seeded bugs in the one function that writes: a campaign that does not notice them is worth nothing. */
import pg from 'pg';

interface Mutation {
  readonly from: string;
  readonly to: string;
}

const MUTANTS: Readonly<Record<string, Mutation>> = {
  // a key takes effect as often as it is sent to a host that does not remember it
  commands: {
    from: 'as c(command_id text, kind text, fingerprint text, answer jsonb);',
    to: 'as c(command_id text, kind text, fingerprint text, answer jsonb) where false;',
  },
  // one event in twenty is forgotten
  outbox: {
    from: 'subject text, payload text,\n      traceparent text);',
    to: 'subject text, payload text,\n      traceparent text) where random() > 0.05;',
  },
  // one handover in five is not booked
  days: {
    from: 'as x(recipient_id text, day date, quantity_grams bigint)',
    to: 'as x(recipient_id text, day date, quantity_grams bigint) where random() > 0.2',
  },
};

/** @throws Error when there is no such mutant, or the function has changed under it */
export async function plantMutant(name: string, databaseUrl: string): Promise<void> {
  const mutation = MUTANTS[name];
  if (mutation === undefined) throw new Error(`no mutant ${name}; there are ${Object.keys(MUTANTS).join(', ')}`);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ source: string }>(
      "select pg_get_functiondef(oid) as source from pg_proc where proname = 'write_turn'",
    );
    const source = rows[0]?.source ?? '';
    if (!source.includes(mutation.from)) throw new Error(`write_turn has no place for the mutant ${name} any more`);
    await client.query(source.replace(mutation.from, mutation.to));
  } finally {
    await client.end();
  }
}
