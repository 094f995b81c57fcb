import type { Place, TravelMode } from '../geo/distance.ts';
import type { Category, Storage } from '../words/food.ts';
import type { RecipientId } from '../words/ids.ts';
import type { WeeklyHours } from './hours.ts';

/** What is known of a recipient without asking where the food is: its own words and its counters. */
export interface Recipient extends Place {
  readonly recipientId: RecipientId;
  readonly name: string;
  readonly active: boolean;
  /** the food bank of last resort: left out of the ranking */
  readonly fallback: boolean;
  readonly categories: readonly Category[];
  readonly storages: readonly Storage[];
  /** what it asked for most: category → weight 0 to 1 */
  readonly needs: Partial<Record<Category, number>>;
  readonly hours: WeeklyHours;
  readonly timeZone: string;
  readonly travelMode: TravelMode;
  readonly capacityGrams: number;
  readonly dailyCapacityGrams: number;
  readonly weeklyNeedGrams: number;
}

/** A recipient as one lot sees it. */
export interface Candidate extends Recipient {
  readonly distanceMeters: number;
  readonly travelSeconds: number;
  readonly travelSource: 'route' | 'estimate';
  /** offered and claimed, not yet collected */
  readonly openGrams: number;
  readonly collectedTodayGrams: number;
  readonly collectedWeekGrams: number;
}

/** What it may still be offered: the smaller room of its stock and its day. */
export function freeGrams(candidate: Candidate): number {
  const stock = candidate.capacityGrams - candidate.openGrams;
  const day = candidate.dailyCapacityGrams - candidate.openGrams - candidate.collectedTodayGrams;
  return Math.max(0, Math.min(stock, day));
}

/** How well served it is: grams received this week, and on their way, per gram it needs. */
export function shareOf(candidate: Candidate): number {
  return (candidate.collectedWeekGrams + candidate.openGrams) / Math.max(1, candidate.weeklyNeedGrams);
}
