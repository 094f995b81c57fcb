import type { Candidates, Near, Reservation, Search } from '#cell/ports.ts';
import { haversineMeters, type Place } from '#core/geo/distance.ts';
import type { Token } from '#core/lots/tokens.ts';
import type { Collected } from '#core/lots/turn.ts';
import type { Recipient } from '#core/matching/candidate.ts';
import { localDay } from '#core/matching/hours.ts';
import type { OfferId } from '#core/words/ids.ts';

const DAY_MS = 86_400_000;

/** A Candidates port in memory, for tests of what stands on it. It passes test/acceptance/candidates.ts. */
export interface FakeCandidates {
  readonly candidates: Candidates;
  /** what is held now, by offer */
  readonly tokens: ReadonlyMap<OfferId, Token>;
  /** as if Redis was lost (false) or rebuilt (true) */
  believe(ready: boolean): void;
}

interface Memory {
  readonly recipients: readonly Recipient[];
  readonly nowMs: () => number;
  readonly tokens: Map<OfferId, Token>;
  /** by recipient and day: grams of each offer handed over */
  readonly days: Map<string, Map<OfferId, number>>;
  ready: boolean;
}

export function fakeCandidates(recipients: readonly Recipient[], nowMs: () => number): FakeCandidates {
  const memory: Memory = { recipients, nowMs, tokens: new Map(), days: new Map(), ready: true };
  const whenReady = async (action: () => void): Promise<void> => {
    if (memory.ready) action();
  };
  const candidates: Candidates = {
    near: async (searches) => (memory.ready ? searches.map((search) => within(memory, search, false)) : null),
    fallback: async (_, from) =>
      memory.ready ? (within(memory, { ...from, radiusMeters: 300_000 }, true)[0] ?? null) : null,
    reserve: async (asked) => (memory.ready ? asked.map((each) => reserveOne(memory, each)) : null),
    free: (freed) => whenReady(() => freed.forEach((each) => memory.tokens.delete(each.offerId))),
    shrink: (shrunk) => whenReady(() => shrunk.forEach((each) => shrinkOne(memory, each))),
    collected: (handovers) => whenReady(() => handovers.forEach((each) => collectOne(memory, each))),
  };
  return { candidates, tokens: memory.tokens, believe: (ready) => void (memory.ready = ready) };
}

function within(memory: Memory, search: Search, fallback: boolean): Near[] {
  return memory.recipients
    .filter((each) => each.active && each.fallback === fallback)
    .map((each) => seen(memory, each, search))
    .filter((each) => each.distanceMeters <= search.radiusMeters)
    .sort((a, b) => a.distanceMeters - b.distanceMeters)
    .slice(0, Math.max(32, Math.ceil(search.radiusMeters / 250)));
}

function seen(memory: Memory, recipient: Recipient, from: Place): Near {
  const { recipientId, timeZone } = recipient;
  const week = Array.from({ length: 7 }, (_, back) => localDay(timeZone, memory.nowMs() - back * DAY_MS));
  return {
    ...recipient,
    distanceMeters: haversineMeters(from, recipient),
    openGrams: openGrams(memory, recipientId),
    collectedTodayGrams: dayGrams(memory, recipientId, week[0] ?? ''),
    collectedWeekGrams: week.reduce((sum, day) => sum + dayGrams(memory, recipientId, day), 0),
  };
}

function openGrams({ tokens }: Memory, id: string): number {
  return [...tokens.values()].reduce((sum, each) => sum + (each.recipientId === id ? each.quantityGrams : 0), 0);
}

function dayGrams({ days }: Memory, id: string, day: string): number {
  return [...(days.get(`${id} ${day}`)?.values() ?? [])].reduce((sum, grams) => sum + grams, 0);
}

function reserveOne(memory: Memory, asked: Reservation): boolean {
  const { offerId, recipientId, quantityGrams, capacityGrams, dailyCapacityGrams, day } = asked;
  const had = memory.tokens.get(offerId)?.quantityGrams ?? 0;
  if (had === quantityGrams) return true;
  const open = openGrams(memory, recipientId) - had + quantityGrams;
  if (open > capacityGrams || open + dayGrams(memory, recipientId, day) > dailyCapacityGrams) return false;
  memory.tokens.set(offerId, { offerId, recipientId, quantityGrams });
  return true;
}

function shrinkOne({ tokens }: Memory, { offerId, quantityGrams }: Token): void {
  const had = tokens.get(offerId);
  if (had !== undefined && had.quantityGrams > quantityGrams) tokens.set(offerId, { ...had, quantityGrams });
}

function collectOne({ tokens, days }: Memory, { offerId, recipientId, day, quantityGrams }: Collected): void {
  tokens.delete(offerId);
  const key = `${recipientId} ${day}`;
  const handed = days.get(key) ?? new Map<OfferId, number>();
  if (!handed.has(offerId)) days.set(key, handed.set(offerId, quantityGrams));
}
