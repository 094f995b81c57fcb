/** Ports for tests of the cell's shell: real PostgreSQL, recipients in memory, a clock that can be set. */
import { haversineMeters, type Place } from '#core/geo/distance.ts';
import { estimateTravelSeconds } from '#core/geo/distance.ts';
import type { Recipient } from '#core/matching/candidate.ts';
import type { Candidates, CellPorts, Near, Reservation } from '#cell/ports.ts';
import { createCellStore } from '#adapters/postgres/cellStore.ts';
import { createHandoverCode } from '#adapters/crypto/handoverCode.ts';
import { newUuid } from '#adapters/ids/uuid.ts';
import type { Pool } from '#adapters/postgres/pool.ts';

export const SECRET = 'a secret for tests that is long enough';
export const handoverCode = createHandoverCode(SECRET);

export interface MemoryCandidates extends Candidates {
  readonly tokens: Map<string, { recipientId: string; grams: number }>;
  ready: boolean;
}

export function memoryCandidates(recipients: readonly Recipient[]): MemoryCandidates {
  const tokens: MemoryCandidates['tokens'] = new Map();
  const openOf = (id: string): number =>
    [...tokens.values()].filter((each) => each.recipientId === id).reduce((sum, each) => sum + each.grams, 0);
  const near = (place: Place, radiusMeters: number): Near[] =>
    recipients
      .map((each) => ({
        ...each,
        distanceMeters: haversineMeters(place, each),
        openGrams: openOf(each.recipientId),
        collectedTodayGrams: 0,
        collectedWeekGrams: 0,
      }))
      .filter((each) => each.distanceMeters <= radiusMeters)
      .sort((a, b) => a.distanceMeters - b.distanceMeters);
  const take = (each: Reservation): boolean => {
    if (tokens.has(each.offerId)) return true;
    if (openOf(each.recipientId) + each.quantityGrams > each.capacityGrams) return false;
    tokens.set(each.offerId, { recipientId: each.recipientId, grams: each.quantityGrams });
    return true;
  };
  const world: MemoryCandidates = {
    tokens,
    ready: true,
    near: (searches) => Promise.resolve(world.ready ? searches.map((each) => near(each, each.radiusMeters)) : null),
    fallback: (_, from) => Promise.resolve(near(from, 1e9).find((each) => each.fallback) ?? null),
    reserve: (all) => Promise.resolve(world.ready ? all.map(take) : null),
    free: (all) => Promise.resolve(all.forEach((each) => tokens.delete(each.offerId))),
    shrink: (all) =>
      Promise.resolve(
        all.forEach((each) => tokens.set(each.offerId, { recipientId: each.recipientId, grams: each.quantityGrams })),
      ),
    collected: (all) => Promise.resolve(all.forEach((each) => tokens.delete(each.offerId))),
  };
  return world;
}

export interface TestClock {
  aheadMs: number;
  nowMs(): number;
}

export function worldPorts(
  pool: Pool,
  candidates: Candidates,
  owner = 'test',
): CellPorts & { readonly clock: TestClock } {
  const clock: TestClock = { aheadMs: 0, nowMs: () => Date.now() + clock.aheadMs };
  return {
    store: createCellStore(pool, owner, 9),
    candidates,
    travel: {
      warm: () => Promise.resolve(),
      of: ({ from, to, mode }) => ({ travelSeconds: estimateTravelSeconds(from, to, mode), travelSource: 'estimate' }),
    },
    hints: { outbox: () => undefined },
    clock,
    newUuid,
    handoverCode,
  };
}
