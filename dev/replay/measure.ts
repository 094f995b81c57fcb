import type { RecipientId } from '#core/words/ids.ts';
import { percentile } from '../simulate/tally.ts';
import type { Evening } from './evening.ts';
import type { Handover, Outcome } from './outcome.ts';

/** One evening under one policy; `null`: it does not apply. */
export interface Measures {
  /** to recipients, before safe-until */
  readonly rescuedKg: number;
  /** to the food bank of last resort, before safe-until */
  readonly bankKg: number;
  /** neither, and not cancelled in time */
  readonly expiredKg: number;
  readonly cancelledKg: number;
  /** of what was posted, to recipients */
  readonly rescuedShare: number;
  /** straight line, one way, to recipients */
  readonly kmPerKg: number;
  readonly minutesPerTrip: number;
  readonly claimMinutesP50: number | null;
  readonly claimMinutesP95: number | null;
  /** of kg received per kg needed a week, over all recipients that could have been offered anything */
  readonly gini: number;
  /** recipients that got something */
  readonly served: number;
  readonly offersPerHandover: number;
}

export function measure(evening: Evening, reachable: ReadonlySet<RecipientId>, outcome: Outcome): Measures {
  const ours = outcome.handovers.filter((each) => !each.fallback);
  const bank = outcome.handovers.filter((each) => each.fallback);
  const rescuedKg = kgOf(ours);
  const bankKg = kgOf(bank);
  const postedKg = evening.posts.reduce((sum, post) => sum + post.quantityGrams, 0) / 1000;
  const cancelledKg = cancelledKgOf(evening, outcome.handovers);
  const km = ours.reduce((sum, each) => sum + each.distanceMeters, 0) / 1000;
  const minutes = ours.reduce((sum, each) => sum + each.travelSeconds, 0) / 60;
  return {
    rescuedKg,
    bankKg,
    cancelledKg,
    expiredKg: postedKg - rescuedKg - bankKg - cancelledKg,
    rescuedShare: rescuedKg / postedKg,
    kmPerKg: km / rescuedKg,
    minutesPerTrip: minutes / ours.length,
    claimMinutesP50: minutesOf(percentile(outcome.claimMs, 0.5)),
    claimMinutesP95: minutesOf(percentile(outcome.claimMs, 0.95)),
    gini: gini(kgPerNeed(evening, reachable, ours)),
    served: new Set(ours.map((each) => each.recipientId)).size,
    offersPerHandover: outcome.offers / outcome.handovers.length,
  };
}

function kgOf(handovers: readonly Handover[]): number {
  return handovers.reduce((sum, each) => sum + each.grams, 0) / 1000;
}

function minutesOf(ms: number | null): number | null {
  return ms === null ? null : ms / 60_000;
}

/** What was still there as its donor cancelled. */
function cancelledKgOf(evening: Evening, handovers: readonly Handover[]): number {
  const cancelled = evening.posts.filter((post) => (post.cancelledAtMs ?? Infinity) < post.safeUntilMs);
  const ids = new Set(cancelled.map((post) => post.lotId));
  const postedKg = cancelled.reduce((sum, post) => sum + post.quantityGrams, 0) / 1000;
  return postedKg - kgOf(handovers.filter((each) => ids.has(each.postId)));
}

function kgPerNeed(evening: Evening, among: ReadonlySet<RecipientId>, handovers: readonly Handover[]): number[] {
  const grams = new Map<RecipientId, number>();
  for (const each of handovers) grams.set(each.recipientId, (grams.get(each.recipientId) ?? 0) + each.grams);
  return evening.recipients
    .filter((each) => among.has(each.recipientId))
    .map((each) => (grams.get(each.recipientId) ?? 0) / each.weeklyNeedGrams);
}

/**
 * 0: all have the same, towards 1: one has all. G = Σ (2i − n − 1) xᵢ / (n Σ xᵢ), x ascending, i from 1
 * (half the relative mean absolute difference: Sen, On Economic Inequality, 1973, p. 31). Nothing at all: 0.
 */
export function gini(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const sum = sorted.reduce((total, value) => total + value, 0);
  if (sum === 0) return 0;
  const weighted = sorted.reduce((total, value, index) => total + (2 * (index + 1) - sorted.length - 1) * value, 0);
  return weighted / (sorted.length * sum);
}
