/** One thread of virtual time: everything that waits is let go in an order drawn from a seed. Same seed, same run. */

/** mulberry32: small, good enough for drawing, the same everywhere. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface Scheduler {
  nowMs(): number;
  /** Waits for its turn among all who wait; up to `maxMs` of virtual time pass. */
  yield(maxMs?: number): Promise<void>;
  /** Lets go until nobody waits. */
  run(): Promise<void>;
  advance(ms: number): void;
}

interface Waiting {
  readonly atMs: number;
  readonly go: () => void;
}

export function createScheduler(random: () => number, startMs: number): Scheduler {
  let nowMs = startMs;
  const waiting: Waiting[] = [];
  return {
    nowMs: () => nowMs,
    advance: (ms) => void (nowMs += ms),
    yield: (maxMs = 20) =>
      new Promise((resolve) => {
        waiting.push({ atMs: nowMs + Math.floor(random() * maxMs), go: resolve });
      }),
    run: async () => {
      for (;;) {
        // every promise that can go on without time does so first
        await new Promise((resolve) => setImmediate(resolve));
        if (waiting.length === 0) return;
        const index = Math.floor(random() * waiting.length);
        const [next] = waiting.splice(index, 1);
        nowMs = Math.max(nowMs, next?.atMs ?? nowMs);
        next?.go();
      }
    },
  };
}
