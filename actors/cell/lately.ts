import type { Candidates, CellPorts, Near, Search } from './ports.ts';

/** What was read for the warming before a turn is good enough to decide it: reserving has the last word on room. */
const LATELY_MS = 250;
const MAX_PLACES = 1_000;

/** The candidates of places, as read up to a quarter of a second ago. */
export function createLately({ candidates, clock }: Pick<CellPorts, 'candidates' | 'clock'>): Candidates['near'] {
  const read = new Map<string, { readonly atMs: number; readonly list: readonly Near[] }>();
  return async (searches) => {
    const oldestMs = clock.nowMs() - LATELY_MS;
    const missing = searches.filter((each) => (read.get(keyOf(each))?.atMs ?? 0) < oldestMs);
    if (missing.length > 0) {
      const atMs = clock.nowMs();
      const lists = await candidates.near(missing);
      if (lists === null) return null;
      if (read.size > MAX_PLACES) read.clear();
      missing.forEach((each, index) => read.set(keyOf(each), { atMs, list: lists[index] ?? [] }));
    }
    return searches.map((each) => read.get(keyOf(each))?.list ?? []);
  };
}

function keyOf({ lat, lon, radiusMeters }: Search): string {
  return `${String(lat)},${String(lon)},${String(radiusMeters)}`;
}
