import type { Candidates, Near, Reservation, Search } from '#cell/ports.ts';
import { haversineMeters, type Place } from '#core/geo/distance.ts';
import type { Token } from '#core/lots/tokens.ts';
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

export function fakeCandidates(recipients: readonly Recipient[], nowMs: () => number): FakeCandidates {
  const tokens = new Map<OfferId, Token>();
  const days = new Map<string, Map<OfferId, number>>();
  let ready = true;

  const openGrams = (id: string): number =>
    [...tokens.values()].reduce((sum, each) => sum + (each.recipientId === id ? each.quantityGrams : 0), 0);
  const dayGrams = (id: string, day: string): number =>
    [...(days.get(`${id} ${day}`)?.values() ?? [])].reduce((sum, grams) => sum + grams, 0);
  const seen = (recipient: Recipient, from: Place): Near => {
    const week = Array.from({ length: 7 }, (_, back) => localDay(recipient.timeZone, nowMs() - back * DAY_MS));
    return {
      ...recipient,
      distanceMeters: haversineMeters(from, recipient),
      openGrams: openGrams(recipient.recipientId),
      collectedTodayGrams: dayGrams(recipient.recipientId, week[0] ?? ''),
      collectedWeekGrams: week.reduce((sum, day) => sum + dayGrams(recipient.recipientId, day), 0),
    };
  };
  const within = (search: Search, fallback: boolean): Near[] =>
    recipients
      .filter((each) => each.active && each.fallback === fallback)
      .map((each) => seen(each, search))
      .filter((each) => each.distanceMeters <= search.radiusMeters)
      .sort((a, b) => a.distanceMeters - b.distanceMeters)
      .slice(0, Math.max(32, Math.ceil(search.radiusMeters / 250)));
  const reserveOne = (asked: Reservation): boolean => {
    const had = tokens.get(asked.offerId)?.quantityGrams ?? 0;
    if (had === asked.quantityGrams) return true;
    const open = openGrams(asked.recipientId) - had + asked.quantityGrams;
    if (open > asked.capacityGrams || open + dayGrams(asked.recipientId, asked.day) > asked.dailyCapacityGrams)
      return false;
    tokens.set(asked.offerId, {
      offerId: asked.offerId,
      recipientId: asked.recipientId,
      quantityGrams: asked.quantityGrams,
    });
    return true;
  };
  const whenReady = (action: () => void): Promise<void> => {
    if (ready) action();
    return Promise.resolve();
  };

  const candidates: Candidates = {
    near: (searches) => Promise.resolve(ready ? searches.map((search) => within(search, false)) : null),
    fallback: (_, from) =>
      Promise.resolve(ready ? (within({ ...from, radiusMeters: 300_000 }, true)[0] ?? null) : null),
    reserve: (reservations) => Promise.resolve(ready ? reservations.map(reserveOne) : null),
    free: (freed) => whenReady(() => freed.forEach((each) => tokens.delete(each.offerId))),
    shrink: (shrunk) =>
      whenReady(() => {
        for (const each of shrunk) {
          const had = tokens.get(each.offerId);
          if (had !== undefined && had.quantityGrams > each.quantityGrams)
            tokens.set(each.offerId, { ...had, quantityGrams: each.quantityGrams });
        }
      }),
    collected: (handovers) =>
      whenReady(() => {
        for (const { offerId, recipientId, day, quantityGrams } of handovers) {
          tokens.delete(offerId);
          const key = `${recipientId} ${day}`;
          const handed = days.get(key) ?? new Map<OfferId, number>();
          if (!handed.has(offerId)) days.set(key, handed.set(offerId, quantityGrams));
        }
      }),
  };
  return { candidates, tokens, believe: (value) => void (ready = value) };
}
