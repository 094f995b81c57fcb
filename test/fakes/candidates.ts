import type { Candidates, Near, Reservation, Search } from '#cell/ports.ts';
import { haversineMeters, type Place } from '#core/geo/distance.ts';
import type { Token, TokenName } from '#core/lots/tokens.ts';
import type { Collected } from '#core/lots/turn.ts';
import type { Recipient } from '#core/matching/candidate.ts';
import { localDay } from '#core/matching/hours.ts';
import type { OfferId } from '#core/words/ids.ts';

const DAY_MS = 86_400_000;

/** A Candidates port in memory, for tests of what stands on it. It passes test/acceptance/candidates.ts. */
export interface FakeCandidates {
  readonly candidates: Candidates;
  /** what is held now, by recipient and offer */
  readonly tokens: ReadonlyMap<string, Token>;
  /** as if Redis was lost (false) or rebuilt (true) */
  believe(ready: boolean): void;
}

interface HeldToken extends Token {
  readonly epoch: number;
}

interface Memory {
  readonly recipients: readonly Recipient[];
  readonly nowMs: () => number;
  /** by recipient and offer */
  readonly tokens: Map<string, HeldToken>;
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
    fallbacks: async (from) => (memory.ready ? within(memory, { ...from, radiusMeters: 300_000 }, true) : null),
    named: async (asked) =>
      memory.ready
        ? asked.map(({ recipientId, ...from }) => {
            const found = recipients.find((each) => each.recipientId === recipientId);
            return found === undefined ? undefined : seen(memory, found, from);
          })
        : null,
    reserve: async (asked) => (memory.ready ? asked.map((each) => reserveOne(memory, each)) : null),
    withdraw: async (given, epoch) =>
      memory.ready ? given.filter((each) => withdrawOne(memory, each, epoch)).length : 0,
    free: (freed) => whenReady(() => freed.forEach((each) => memory.tokens.delete(keyOf(each)))),
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

function keyOf({ recipientId, offerId }: TokenName): string {
  return `${recipientId} ${offerId}`;
}

function reserveOne(memory: Memory, asked: Reservation): boolean {
  const { offerId, recipientId, quantityGrams, capacityGrams, dailyCapacityGrams, day, epoch } = asked;
  const token = memory.tokens.get(keyOf(asked));
  if (token !== undefined && token.epoch > epoch) return false;
  const had = token?.quantityGrams ?? 0;
  const open = openGrams(memory, recipientId) - had + quantityGrams;
  const fits = open <= capacityGrams && open + dayGrams(memory, recipientId, day) <= dailyCapacityGrams;
  if (had !== quantityGrams && !fits) return false;
  memory.tokens.set(keyOf(asked), { offerId, recipientId, quantityGrams, epoch });
  return true;
}

function withdrawOne({ tokens }: Memory, token: TokenName, epoch: number): boolean {
  return (tokens.get(keyOf(token))?.epoch ?? Infinity) <= epoch && tokens.delete(keyOf(token));
}

function shrinkOne({ tokens }: Memory, token: Token): void {
  const had = tokens.get(keyOf(token));
  if (had !== undefined && had.quantityGrams > token.quantityGrams) {
    tokens.set(keyOf(token), { ...had, quantityGrams: token.quantityGrams });
  }
}

function collectOne({ tokens, days }: Memory, { offerId, recipientId, day, quantityGrams }: Collected): void {
  tokens.delete(keyOf({ recipientId, offerId }));
  const key = `${recipientId} ${day}`;
  const handed = days.get(key) ?? new Map<OfferId, number>();
  if (!handed.has(offerId)) days.set(key, handed.set(offerId, quantityGrams));
}
