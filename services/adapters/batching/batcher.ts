/**
 * One batch in flight per key, at most `maxInFlight` in all, ready keys round robin. Alone, an item leaves at once; under load
 * batches grow by themselves, because a key's next batch gathers while its last is away. Without the cap, 200 busy cells give
 * batches of 1 to 3 and waste the box (measured, architecture.md).
 */
export interface Batcher<Key, Item> {
  add(key: Key, item: Item): void;
}

export interface BatcherOptions<Key, Item> {
  readonly maxInFlight: number;
  readonly maxBatch: number;
  /** how long a key's first item waits for company; 0: not at all */
  readonly lingerMs?: number;
  /** must not reject */
  readonly run: (key: Key, batch: readonly Item[]) => Promise<void>;
}

export function createBatcher<Key, Item>({
  maxInFlight,
  maxBatch,
  lingerMs = 0,
  run,
}: BatcherOptions<Key, Item>): Batcher<Key, Item> {
  const queues = new Map<Key, Item[]>();
  const ready: Key[] = [];
  const busy = new Set<Key>();

  function pump(): void {
    while (busy.size < maxInFlight) {
      const key = ready.shift();
      if (key === undefined) return;
      const queue = queues.get(key) ?? [];
      const batch = queue.splice(0, maxBatch);
      if (queue.length === 0) queues.delete(key);
      busy.add(key);
      void run(key, batch).finally(() => {
        busy.delete(key);
        if (queues.has(key)) ready.push(key);
        pump();
      });
    }
  }

  function leave(key: Key): void {
    ready.push(key);
    pump();
  }

  return {
    add(key, item) {
      const queue = queues.get(key);
      if (queue !== undefined) queue.push(item);
      else {
        queues.set(key, [item]);
        if (busy.has(key)) return;
        if (lingerMs > 0) setTimeout(() => leave(key), lingerMs);
        else leave(key);
      }
    },
  };
}
