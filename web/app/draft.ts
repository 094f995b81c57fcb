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

const HOUR_MS = 3_600_000;
const MORNING_HOUR = 10;
const MIN_GRAMS = 100;

/** By organisation: on a phone that several use, nobody sees another's. */
const lastOf = (organisationId: string): string => `lastPost:${organisationId}`;
const unfinishedOf = (organisationId: string): string => `unfinishedPost:${organisationId}`;

/** What was half typed when the page was loaded anew (a phone ends pages it doesn't show), or what was posted last. */
export function firstDraft(organisationId: string): Draft {
  const unfinished = readKept(sessionStorage, unfinishedOf(organisationId));
  const last = fromLastTime(organisationId);
  if (unfinished === null) return last;
  return { ...draftOf(unfinished), kg: typeof unfinished.kg === 'string' ? unfinished.kg : last.kg };
}

export function fromLastTime(organisationId: string): Draft {
  return draftOf(readKept(localStorage, lastOf(organisationId)) ?? {});
}

type Kept = Partial<Record<keyof Draft, unknown>>;

function draftOf(kept: Kept): Draft {
  return {
    category: CATEGORIES.find((each) => each === kept.category) ?? 'prepared',
    storage: STORAGES.find((each) => each === kept.storage) ?? 'ambient',
    kg: typeof kept.kg === 'string' && gramsOf(kept.kg) !== null ? kept.kg : '5',
    goodUntil: GOOD_UNTIL.find((each) => each === kept.goodUntil) ?? '4',
    note: typeof kept.note === 'string' ? kept.note : '',
  };
}

export function keepForNextTime(organisationId: string, draft: Draft): void {
  keep(localStorage, lastOf(organisationId), draft);
}

/** Until it is posted, or left on purpose. */
export function keepUnfinished(organisationId: string, draft: Draft): void {
  keep(sessionStorage, unfinishedOf(organisationId), draft);
}

export function dropUnfinished(organisationId: string): void {
  sessionStorage.removeItem(unfinishedOf(organisationId));
}

/** A convenience: a full phone posts all the same. */
function keep(storage: globalThis.Storage, key: string, draft: Draft): void {
  try {
    storage.setItem(key, JSON.stringify(draft));
  } catch {
    storage.removeItem(key);
  }
}

/** null: nothing readable is kept */
function readKept(storage: globalThis.Storage, key: string): Kept | null {
  try {
    return JSON.parse(storage.getItem(key) ?? 'null') as Kept | null;
  } catch {
    return null;
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
