/** Keys that wait for their next turn. */
export interface Rests<Key> {
  has(key: Key): boolean;
  /** Not at all when that time is past. @param untilMs by `performance.now()` */
  begin(key: Key, untilMs: number): void;
}

/** @param ended called for each key whose rest is over */
export function createRests<Key>(ended: (key: Key) => void): Rests<Key> {
  const resting = new Set<Key>();
  return {
    has: (key) => resting.has(key),
    begin(key, untilMs) {
      const forMs = untilMs - performance.now();
      if (forMs <= 0) return;
      resting.add(key);
      setTimeout(() => {
        resting.delete(key);
        ended(key);
      }, Math.ceil(forMs));
    },
  };
}
