/** Which regions' rows one statement may touch. */
import { askTogether, type TogetherOptions } from '../batching/askTogether.ts';
import type { Queryable } from './sql/queryable.ts';

const ALL = 'all';
const HAS_CITUS = `select exists (select from pg_extension where extname = 'citus') as "hasCitus"`;

export interface Groups {
  /**
   * Regions of one group may be in one statement: on plain PostgreSQL all are, with Citus each is by itself, for its rows are on a node of their
   * own. @param region token or signed id @throws when PostgreSQL is away
   */
  of(region: string): Promise<string>;
}

export function createGroups(db: Queryable): Groups {
  let asked: Promise<boolean> | null = null;
  const isPlain = (): Promise<boolean> =>
    (asked ??= db.query<{ hasCitus: boolean }>(HAS_CITUS).then(
      ({ rows }) => rows[0]?.hasCitus === false,
      (error: unknown) => {
        asked = null;
        throw error;
      },
    ));
  return { of: async (region) => ((await isPlain()) ? ALL : region) };
}

/** As `askTogether`, with those of one group together. */
export function askByGroup<Item extends { readonly region: string }, Answer>(
  groups: Groups,
  options: Omit<TogetherOptions<string, Item, Answer>, 'run'>,
  run: (items: readonly Item[]) => Promise<readonly Answer[]>,
): (item: Item) => Promise<Answer> {
  const ask = askTogether<string, Item, Answer>({ ...options, run: (_, items) => run(items) });
  return async (item) => await ask(await groups.of(item.region), item);
}
