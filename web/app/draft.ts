/** What a donor is about to post, and what it posted last. */
import { CATEGORIES, MAX_GRAMS, STORAGES, type Category, type Storage } from '#core/words/food.ts';
import { nextAt } from './language/zone.ts';

/** in so many hours, or tomorrow morning */
export const GOOD_UNTIL = ['2', '4', '8', 'tomorrow'] as const;
export type GoodUntil = (typeof GOOD_UNTIL)[number];

export interface Draft {
  readonly category: Category;
  readonly storage: Storage;
  /** as typed, with a comma or a point */
  readonly kg: string;
  readonly goodUntil: GoodUntil;
  readonly note: string;
}

const KEPT = 'lastPost';
const HOUR_MS = 3_600_000;
const MORNING_HOUR = 10;
const MIN_GRAMS = 100;

export function fromLastTime(): Draft {
  const kept = readKept();
  return {
    category: CATEGORIES.find((each) => each === kept.category) ?? 'prepared',
    storage: STORAGES.find((each) => each === kept.storage) ?? 'ambient',
    kg: typeof kept.kg === 'string' && gramsOf(kept.kg) !== null ? kept.kg : '5',
    goodUntil: GOOD_UNTIL.find((each) => each === kept.goodUntil) ?? '4',
    note: typeof kept.note === 'string' ? kept.note : '',
  };
}

export function keepForNextTime(draft: Draft): void {
  localStorage.setItem(KEPT, JSON.stringify(draft));
}

function readKept(): Partial<Record<keyof Draft, unknown>> {
  try {
    return (JSON.parse(localStorage.getItem(KEPT) ?? '{}') ?? {}) as Partial<Record<keyof Draft, unknown>>;
  } catch {
    return {};
  }
}

/** @param kg as typed: `2.5` or `2,5`. @returns null when it is no amount that can be posted */
export function gramsOf(kg: string): number | null {
  if (!/^\s*\d{1,6}([.,]\d{1,3})?\s*$/.test(kg)) return null;
  const grams = Math.round(Number(kg.replace(',', '.')) * 1000);
  return grams >= MIN_GRAMS && grams <= MAX_GRAMS ? grams : null;
}

/** @returns unix ms, on a whole minute */
export function goodUntilMs(choice: GoodUntil, nowMs: number, timeZone: string): number {
  if (choice === 'tomorrow') return nextAt(MORNING_HOUR, timeZone, nowMs, HOUR_MS);
  return Math.floor((nowMs + Number(choice) * HOUR_MS) / 60_000) * 60_000;
}
