import { createBatcher } from './batcher.ts';

export interface TogetherOptions<Key, Item, Answer> {
  /** statements in flight at most, over all keys */
  readonly maxInFlight: number;
  readonly maxBatch: number;
  /** how long the first question waits for others */
  readonly lingerMs?: number;
  /** how soon a key's next batch may follow its last */
  readonly paceMs?: number;
  /** when a key's next batch may leave although its last is not back */
  readonly overtakeMs?: number;
  /** One answer per item, in order. */
  readonly run: (key: Key, items: readonly Item[]) => Promise<readonly Answer[]>;
}

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Many small questions about one key (a region, say) become few large ones: the next batch gathers while the last is away.
 * A batch that fails, fails for everybody in it.
 */
export function askTogether<Key, Item, Answer>(
  options: TogetherOptions<Key, Item, Answer>,
): (key: Key, item: Item) => Promise<Answer> {
  const run = async (key: Key, batch: readonly Waiting<Item, Answer>[]): Promise<void> => {
    try {
      const answers = await options.run(
        key,
        batch.map(({ item }) => item),
      );
      batch.forEach(({ resolve }, index) => resolve(answers[index] as Answer));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };
  const batcher = createBatcher<Key, Waiting<Item, Answer>>({ ...options, run });
  return (key, item) => new Promise((resolve, reject) => batcher.add(key, { item, resolve, reject }));
}
