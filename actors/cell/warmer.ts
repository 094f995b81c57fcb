import { placeKey } from '#core/geo/distance.ts';
import { isWithin } from './isWithin.ts';
import type { Seeking } from './facts.ts';
import type { Candidates, CellPorts } from './ports.ts';

/** A place's recipients are looked through for unknown travel times once in this time: new ones come rarely. */
const WARM_MS = 60_000;
/** Some answers were late, the engine is away, or there was nobody yet: not at every turn, but soon again. */
const COLD_MS = 2_000;
const MAX_PLACES = 5_000;

/** Asks the routing engine for the travel times around new places, before the turn: never inside it. */
export function createWarmer(
  ports: CellPorts,
  nearLately: Candidates['near'],
): (seeking: readonly Seeking[]) => Promise<void> {
  const warmedAtMs = new Map<string, number>();
  return async (seeking) => {
    const nowMs = ports.clock.nowMs();
    const cold = seeking.filter((each) => !isWithin(WARM_MS, warmedAtMs.get(placeKey(each)) ?? -Infinity, nowMs));
    if (cold.length === 0) return;
    const near = await nearLately(cold);
    if (near === null) return;
    if (warmedAtMs.size > MAX_PLACES) warmedAtMs.clear();
    const journeys = cold.flatMap((from, index) =>
      (near[index] ?? []).map((to) => ({ from, to, mode: to.travelMode })),
    );
    const allKnown = await ports.travel.warm(journeys);
    cold.forEach((each, index) => {
      const isWarm = allKnown && (near[index]?.length ?? 0) > 0;
      warmedAtMs.set(placeKey(each), isWarm ? nowMs : nowMs - WARM_MS + COLD_MS);
    });
  };
}
