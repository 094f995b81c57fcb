/** Counters of recipients as `NEAR` tells them; most are as they were at the last question. */
import type { Counters } from './near.ts';

export interface CounterCache {
  /** @param flat id, fields and values separated by spaces, id, … */
  of(flat: readonly string[]): ReadonlyMap<string, Counters>;
}

interface Known {
  readonly text: string;
  readonly counters: Counters;
}

/** More than any one host serves; past it the cache starts anew. */
const MAX_KNOWN = 50_000;

export function createCounterCache(): CounterCache {
  const known = new Map<string, Known>();
  const read = (id: string, text: string): Counters => {
    const last = known.get(id);
    if (last?.text === text) return last.counters;
    const counters = countersIn(text);
    known.set(id, { text, counters });
    return counters;
  };
  return {
    of: (flat) => {
      if (known.size > MAX_KNOWN) known.clear();
      const found = new Map<string, Counters>();
      for (let i = 0; i + 1 < flat.length; i += 2) found.set(flat[i] ?? '', read(flat[i] ?? '', flat[i + 1] ?? ''));
      return found;
    },
  };
}

function countersIn(text: string): Counters {
  const words = text.split(' ');
  const counters = new Map<string, string>();
  for (let i = 0; i + 1 < words.length; i += 2) counters.set(words[i] ?? '', words[i + 1] ?? '');
  return counters;
}
