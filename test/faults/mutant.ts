/** Plants bugs: in the one function that writes, as it stands in the campaign's database, and in modules as our processes load them. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Fault } from './schedule.ts';
import { withDatabase } from './withDatabase.ts';

/** A piece of text and what stands there instead. */
export interface Change {
  readonly from: string;
  readonly to: string;
}

export interface Mutant {
  readonly what: string;
  /** in write_turns */
  readonly database?: readonly Change[];
  /** SQL that makes the city such that the bug matters */
  readonly city?: string;
  /** in modules, from the checkout's root */
  readonly modules?: readonly (Change & { readonly file: string })[];
  /** what brings it out; default: nothing happens besides the load */
  readonly schedule?: readonly Fault[];
  /** after which an offer lapses, where not 6 */
  readonly ackSeconds?: number;
  /** the laws that must catch it, each of them; others may too */
  readonly caughtBy: readonly string[];
}

/** What every process of ours is told, so that mutantHook.ts changes what it loads. */
export function plantInProcesses({ modules = [] }: Mutant): Record<string, string> {
  if (modules.length === 0) return {};
  const hook = pathToFileURL(join(import.meta.dirname, 'mutantHook.ts')).href;
  return { NODE_OPTIONS: `--import=${hook}`, FAULTS_MUTATIONS: JSON.stringify(modules) };
}

/** @throws Error when the function has changed under the mutant */
export async function plantInDatabase(mutant: Mutant, databaseUrl: string): Promise<void> {
  const { database = [], city, what } = mutant;
  await withDatabase(databaseUrl, async (client) => {
    const { rows } = await client.query<{ source: string }>(
      "select pg_get_functiondef(oid) as source from pg_proc where proname = 'write_turns'",
    );
    let source = rows[0]?.source ?? '';
    for (const { from, to } of database) {
      if (!source.includes(from)) throw new Error(`write_turns has no place any more for: ${what}`);
      source = source.replace(from, () => to);
    }
    if (database.length > 0) await client.query(source);
    if (city !== undefined) await client.query(city);
  });
}
