/** Counters of recipients as `NEAR` tells them; most are as they were at the last question. */
import type { Counters } from './near.ts';

export interface CounterCache {
  /** @param ids separated by spaces @param texts by line, in the same order: fields and values separated by spaces */
  of(ids: string, texts: string): ReadonlyMap<string, Counters>;
}

interface Known {
  readonly id: string;
  readonly text: string;
  readonly counters: Counters;
}

/** More than any one host serves; past it the cache starts anew. */
const MAX_KNOWN = 50_000;

export function createCounterCache(): CounterCache {
  const known = new Map<string, Known>();
  const read = (id: string, text: string): Known => {
    const last = known.get(id);
    if (last?.text === text) return last;
    const own = copyOf(text);
    const now = { id: last?.id ?? copyOf(id), text: own, counters: countersIn(own) };
    known.set(now.id, now);
    return now;
  };
  return {
    of: (ids, texts) => {
      if (known.size > MAX_KNOWN) known.clear();
      const lines = texts.split('\n');
      const found = wordsOf(ids).map((id, i) => read(id, lines[i] ?? ''));
      return new Map(found.map(({ id, counters }) => [id, counters]));
    },
  };
}

/** A part of a text holds on to the whole: what is kept must be a text of its own. */
function copyOf(text: string): string {
  return Buffer.from(text).toString();
}

/** What a script joined by spaces. */
export function wordsOf(text: string): string[] {
  return text === '' ? [] : text.split(' ');
}

function countersIn(text: string): Counters {
  const words = text.split(' ');
  const counters = new Map<string, string>();
  for (let i = 0; i + 1 < words.length; i += 2) counters.set(words[i] ?? '', words[i + 1] ?? '');
  return counters;
}
