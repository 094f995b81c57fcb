import type { LotChange } from '#core/lots/decide.ts';
import { tokenChanges } from '#core/lots/tokens.ts';
import type { Collected } from '#core/lots/turn.ts';
import type { Candidate, Recipient } from '#core/matching/candidate.ts';
import { localDay } from '#core/matching/hours.ts';
import type { OfferId, RecipientId } from '#core/words/ids.ts';
import type { Near } from './evening.ts';

/** What Redis knows in production: each recipient's open and collected grams. The week begins with the evening. */
export interface Counters {
  seen(near: Near, nowMs: number): Candidate;
  change(changes: readonly LotChange[], collected: readonly Collected[]): void;
}

export function createCounters(recipients: readonly Recipient[]): Counters {
  const tokens = new Map<RecipientId, Map<OfferId, number>>(recipients.map((each) => [each.recipientId, new Map()]));
  const days = new Map<string, number>();
  const week = new Map<RecipientId, number>();
  const add = <Key>(to: Map<Key, number>, key: Key, grams: number): void =>
    void to.set(key, (to.get(key) ?? 0) + grams);
  return {
    seen: (near, nowMs) => ({
      ...near,
      openGrams: [...(tokens.get(near.recipientId)?.values() ?? [])].reduce((sum, grams) => sum + grams, 0),
      collectedTodayGrams: days.get(`${near.recipientId} ${localDay(near.timeZone, nowMs)}`) ?? 0,
      collectedWeekGrams: week.get(near.recipientId) ?? 0,
    }),
    change: (changes, collected) => {
      const { reserve, shrink, free } = tokenChanges(changes);
      for (const token of free) tokens.get(token.recipientId)?.delete(token.offerId);
      for (const token of [...reserve, ...shrink])
        tokens.get(token.recipientId)?.set(token.offerId, token.quantityGrams);
      for (const { recipientId, day, quantityGrams } of collected) {
        add(days, `${recipientId} ${day}`, quantityGrams);
        add(week, recipientId, quantityGrams);
      }
    },
  };
}
