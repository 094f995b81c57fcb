/** Virtual time: what is to happen, in the order of its time, then of its being asked for. */
export interface Timeline {
  /** unix ms */
  readonly nowMs: () => number;
  at(atMs: number, happen: () => void): void;
  /** Until nothing is left to happen. */
  run(): void;
}

interface Entry {
  readonly atMs: number;
  readonly happen: () => void;
}

export function createTimeline(): Timeline {
  /** latest first: the next is the last */
  const entries: Entry[] = [];
  let nowMs = Number.NEGATIVE_INFINITY;
  return {
    nowMs: () => nowMs,
    at: (atMs, happen) => {
      const dueMs = Math.max(atMs, nowMs);
      let low = 0;
      let high = entries.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((entries[middle]?.atMs ?? 0) > dueMs) low = middle + 1;
        else high = middle;
      }
      entries.splice(low, 0, { atMs: dueMs, happen });
    },
    run: () => {
      for (let entry = entries.pop(); entry !== undefined; entry = entries.pop()) {
        nowMs = entry.atMs;
        entry.happen();
      }
    },
  };
}
