/** Items that wait, by whom they are for, in turns: a few go before the most part of others' many. */
export interface FairQueue<Key, Item> {
  add(key: Key, item: Item): void;
  size(): number;
  /** At most `max`: whose turn it is and all of its group, then the next group; of each key in the order in which they came. */
  take(max: number): Item[];
}

/** Taken of a key in its turn; half of what waits for it if that is more. With a fixed number, a key that gets more than that in a round would wait ever longer (ADR 0010). */
const AT_ONCE = 32;

interface Queue<Item> {
  readonly items: Item[];
  /** what it may still take of its turn, when there was no room for all of it; 0: it is not its turn */
  left: number;
}

/** @param groupOf whose items are best taken together */
export function createFairQueue<Key, Item>(groupOf: (key: Key) => unknown): FairQueue<Key, Item> {
  /** by key, whose turn is next first; none is empty */
  const queues = new Map<Key, Queue<Item>>();
  let size = 0;

  function takeFrom(key: Key, room: number): Item[] {
    const queue = queues.get(key);
    if (queue === undefined) return [];
    const { items } = queue;
    if (queue.left === 0) queue.left = Math.max(AT_ONCE, Math.ceil(items.length / 2));
    const taken = items.splice(0, Math.min(queue.left, room));
    queue.left -= taken.length;
    if (items.length === 0) queues.delete(key);
    else if (queue.left === 0) {
      queues.delete(key);
      queues.set(key, queue);
    }
    return taken;
  }

  return {
    size: () => size,
    add(key, item) {
      size++;
      const queue = queues.get(key);
      if (queue === undefined) queues.set(key, { items: [item], left: 0 });
      else queue.items.push(item);
    },
    take(max) {
      const taken: Item[] = [];
      while (taken.length < max && queues.size > 0) {
        for (const key of Map.groupBy(queues.keys(), groupOf)
          .values()
          .flatMap((keys) => keys)) {
          taken.push(...takeFrom(key, max - taken.length));
          if (taken.length >= max) break;
        }
      }
      size -= taken.length;
      return taken;
    },
  };
}
