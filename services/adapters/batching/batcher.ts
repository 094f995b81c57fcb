import { createRests } from './rests.ts';

/**
 * One batch in flight per key, at most `maxInFlight` in all, ready keys round robin. Alone, an item leaves at once; under load
 * batches grow by themselves, because a key's next batch gathers while its last is away. Without the cap, 200 busy cells give
 * batches of 1 to 3 and waste the box (measured, architecture.md).
 */
export interface Batcher<Key, Item> {
  /** @param isUrgent it goes before all that are not, and its key before other keys */
  add(key: Key, item: Item, isUrgent?: boolean): void;
}

export interface BatcherOptions<Key, Item> {
  readonly maxInFlight: number;
  readonly maxBatch: number;
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
  lingerMs = 0,
  paceMs = 0,
  run,
}: BatcherOptions<Key, Item>): Batcher<Key, Item> {
  const queues = new Map<Key, Queue<Item>>();
  const ready = { urgent: new Set<Key>(), others: new Set<Key>() };
  const busy = new Set<Key>();
  const rests = createRests<Key>(leave);

  function pump(): void {
    while (busy.size < maxInFlight) {
      const [key] = ready.urgent.size > 0 ? ready.urgent : ready.others;
      const queue = key === undefined ? undefined : queues.get(key);
      if (key === undefined || queue === undefined) return;
      ready.urgent.delete(key);
      ready.others.delete(key);
      const batch = queue.urgent.splice(0, maxBatch);
      batch.push(...queue.others.splice(0, maxBatch - batch.length));
      if (queue.urgent.length + queue.others.length === 0) queues.delete(key);
      busy.add(key);
      const restUntilMs = performance.now() + paceMs;
      void run(key, batch).finally(() => {
        busy.delete(key);
        rests.begin(key, restUntilMs);
        leave(key);
      });
    }
  }

  function makeReady(key: Key): void {
    const queue = queues.get(key);
    if (queue === undefined || busy.has(key) || rests.has(key)) return;
    if (queue.urgent.length === 0) ready.others.add(key);
    else {
      ready.others.delete(key);
      ready.urgent.add(key);
    }
  }

  function leave(key: Key): void {
    makeReady(key);
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
