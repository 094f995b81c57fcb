import { isWithin } from './isWithin.ts';
import { searchKey } from './facts.ts';
import type { Candidates, CellPorts, Near } from './ports.ts';

/** What was read for the warming before a turn is good enough to decide it: reserving has the last word on room. */
const LATELY_MS = 250;

interface Read {
  readonly atMs: number;
  readonly list: readonly Near[];
}

/** The candidates of places, as read up to a quarter of a second ago; nothing older is kept. */
export function createLately({ candidates, clock }: Pick<CellPorts, 'candidates' | 'clock'>): Candidates['near'] {
  const reads = new Map<string, Read>();
  return async (searches) => {
    const atMs = clock.nowMs();
    forget(reads, atMs);
    const known = searches.map((each) => reads.get(searchKey(each)));
    const missing = searches.filter((_, index) => known[index] === undefined);
    const lists = missing.length === 0 ? [] : await candidates.near(missing);
    if (lists === null) return null;
    missing.forEach((each, index) => {
      reads.delete(searchKey(each));
      reads.set(searchKey(each), { atMs, list: lists[index] ?? [] });
    });
    return searches.map((each, index) => (known[index] ?? reads.get(searchKey(each)))?.list ?? []);
  };
}

/** A map keeps the order of its entries: the oldest come first, and what was read before the clock went back. */
function forget(reads: Map<string, Read>, nowMs: number): void {
  for (const [key, { atMs }] of reads) {
    if (isWithin(LATELY_MS, atMs, nowMs)) return;
    reads.delete(key);
  }
}
