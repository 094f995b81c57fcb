/** Items that wait, by whom they are for: nobody's many hold up the few of others. */
export interface FairQueue<Key, Item> {
  add(key: Key, item: Item): void;
  size(): number;
  /** At most `max`: whose turn it is and all of its group, then the next group; of each key in the order in which they came. */
  take(max: number): Item[];
}

/** Of a key, before the next one has its turn. */
const AT_ONCE = 32;

/** @param groupOf whose items are best taken together */
export function createFairQueue<Key, Item>(groupOf: (key: Key) => unknown): FairQueue<Key, Item> {
  /** by key, whose turn is next first; none is empty */
  const queues = new Map<Key, Item[]>();
  let size = 0;
  return {
    size: () => size,
    add(key, item) {
      size++;
      const queue = queues.get(key);
      if (queue === undefined) queues.set(key, [item]);
      else queue.push(item);
    },
    take(max) {
      const taken: Item[] = [];
      while (taken.length < max && queues.size > 0) {
        for (const key of Map.groupBy(queues.keys(), groupOf)
          .values()
          .flatMap((keys) => keys)) {
          const queue = queues.get(key) ?? [];
          taken.push(...queue.splice(0, Math.min(AT_ONCE, max - taken.length)));
          queues.delete(key);
          if (queue.length > 0) queues.set(key, queue);
          if (taken.length >= max) break;
        }
      }
      size -= taken.length;
      return taken;
    },
  };
}
