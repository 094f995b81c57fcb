import { withinMs } from '../timing/withinMs.ts';
import { createRests } from './rests.ts';

/**
 * One batch in flight per key (until it may be overtaken), at most `maxInFlight` in all, ready keys round robin, urgent ones first. Alone,
 * an item leaves in the same turn of the event loop, with whatever else comes in it; under load batches grow by themselves, because a key's
 * next batch gathers while its last is away. Without the cap, 200 busy cells give batches of 1 to 3 and waste the box (measured, architecture.md).
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
  /** a key's next batch may leave although its last is not back, once that has been away for so long: one that hangs holds up nobody */
  readonly overtakeMs?: number;
  /** must not reject */
  readonly run: (key: Key, batch: readonly Item[]) => Promise<void>;
}

interface Queue<Item> {
  readonly urgent: Item[];
  readonly others: Item[];
}

export function createBatcher<Key, Item>(options: BatcherOptions<Key, Item>): Batcher<Key, Item> {
  const { maxInFlight, maxBatch, lingerMs = 0, paceMs = 0, overtakeMs = Infinity, run } = options;
  const queues = new Map<Key, Queue<Item>>();
  /** keys that wait to leave, in the order in which they came to wait */
  const line = { urgent: new Set<Key>(), others: new Set<Key>() };
  /** keys whose last batch is away, and not yet to be overtaken */
  const busy = new Set<Key>();
  let away = 0;
  const rests = createRests<Key>(leave);
  let isPumping = false;

  function pump(): void {
    if (isPumping) return;
    isPumping = true;
    setImmediate(() => {
      isPumping = false;
      while (away < maxInFlight) {
        const [key] = line.urgent.size > 0 ? line.urgent : line.others;
        if (key === undefined) return;
        line.urgent.delete(key);
        line.others.delete(key);
        depart(key);
      }
    });
  }

  function depart(key: Key): void {
    const queue = queues.get(key) ?? { urgent: [], others: [] };
    const batch = takeFrom(queue, maxBatch);
    if (queue.urgent.length + queue.others.length === 0) queues.delete(key);
    busy.add(key);
    away++;
    const restUntilMs = performance.now() + paceMs;
    const flown = run(key, batch);
    void flown.finally(() => {
      away--;
      pump();
    });
    const back = overtakeMs === Infinity ? flown : withinMs(overtakeMs, flown, () => undefined);
    void back.finally(() => {
      busy.delete(key);
      rests.begin(key, restUntilMs);
      leave(key);
    });
  }

  function leave(key: Key): void {
    const queue = queues.get(key);
    if (queue !== undefined && !busy.has(key) && !rests.has(key))
      (queue.urgent.length > 0 ? line.urgent : line.others).add(key);
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

function takeFrom<Item>({ urgent, others }: Queue<Item>, count: number): Item[] {
  const taken = urgent.splice(0, count);
  taken.push(...others.splice(0, count - taken.length));
  return taken;
}
