import { createLine, type Convoy } from './line.ts';
import { createRests } from './rests.ts';

/**
 * One batch in flight per key, at most `maxInFlight` in all, ready keys round robin. Alone, an item leaves at once; under load
 * batches grow by themselves, because a key's next batch gathers while its last is away. Without the cap, 200 busy cells give
 * batches of 1 to 3 and waste the box (measured, architecture.md).
 *
 * Keys of one group leave together, and together again when half of them are back: whoever works for the group behind them
 * (its rows, its events) then has them at once. What is slow, or never comes back, holds nobody up.
 */
export interface Batcher<Key, Item> {
  /** @param isUrgent it goes before all that are not, and its key before other keys */
  add(key: Key, item: Item, isUrgent?: boolean): void;
}

export interface BatcherOptions<Key, Item> {
  /** a group leaves whole, even when that makes a few more */
  readonly maxInFlight: number;
  readonly maxBatch: number;
  /** each key is a group of its own, unless told */
  readonly groupOf?: (key: Key) => unknown;
  /** how long a key's first item waits for company; 0: not at all */
  readonly lingerMs?: number;
  /** a key's next batch begins no sooner than this after its last one: what comes seldom goes at once, a stream of small ones is gathered */
  readonly paceMs?: number;
  /** must not reject */
  readonly run: (key: Key, batch: readonly Item[]) => Promise<void>;
}

interface Queue<Item> {
  readonly urgent: Item[];
  readonly others: Item[];
}

export function createBatcher<Key, Item>({
  maxInFlight,
  maxBatch,
  groupOf = (key) => key,
  lingerMs = 0,
  paceMs = 0,
  run,
}: BatcherOptions<Key, Item>): Batcher<Key, Item> {
  const queues = new Map<Key, Queue<Item>>();
  const line = createLine(groupOf);
  const busy = new Set<Key>();
  const rests = createRests<Key>(leave);

  function pump(): void {
    while (busy.size < maxInFlight) {
      const convoy = line.next();
      if (convoy === null) return;
      for (const key of convoy.keys) depart(key, convoy);
    }
  }

  function depart(key: Key, convoy: Convoy<Key>): void {
    const queue = queues.get(key) ?? { urgent: [], others: [] };
    const batch = queue.urgent.splice(0, maxBatch);
    batch.push(...queue.others.splice(0, maxBatch - batch.length));
    if (queue.urgent.length + queue.others.length === 0) queues.delete(key);
    busy.add(key);
    const restUntilMs = performance.now() + paceMs;
    void run(key, batch).finally(() => {
      busy.delete(key);
      line.back(convoy);
      rests.begin(key, restUntilMs);
      leave(key);
    });
  }

  function leave(key: Key): void {
    const queue = queues.get(key);
    if (queue !== undefined && !busy.has(key) && !rests.has(key)) line.join(key, queue.urgent.length > 0);
    pump();
  }

  return {
    add(key, item, isUrgent = false) {
      const known = queues.get(key);
      const queue = known ?? { urgent: [], others: [] };
      queues.set(key, queue);
      (isUrgent ? queue.urgent : queue.others).push(item);
      if (lingerMs === 0) leave(key);
      else if (known === undefined && !busy.has(key)) setTimeout(() => leave(key), lingerMs);
    },
  };
}
