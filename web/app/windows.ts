/** Recurring posts as this phone shows and tells them. */
import { nextOccurrence, type Schedule } from '#core/windows/schedule.ts';
import { minuteOf } from '#core/words/calendar.ts';
import type { Category, Storage } from '#core/words/food.ts';
import { read } from '../engine/api.ts';
import { fromLastTime, gramsOf } from './draft.ts';
import { language, LOCALES, t } from './language/language.ts';
import { createSeen } from './seen.ts';
import { member } from './state.ts';

export interface PostingWindow {
  readonly id: string;
  /** HH:MM */
  readonly timeOfDay: string;
  /** ISO: 1 is Monday */
  readonly weekdays: readonly number[];
  readonly category: Category;
  readonly storage: Storage;
  readonly quantityGrams: number;
  readonly goodForMinutes: number;
  readonly note: string | null;
  readonly temperature: string | null;
  readonly paused: boolean;
  readonly skips: readonly string[];
  readonly last: { readonly day: string; readonly outcome: 'posted' | 'missed' | 'refused' | 'paused' } | null;
}

export const windows = createSeen('windows', async () => {
  return (await read<{ items: readonly PostingWindow[] }>('/v1/windows')).items;
});

/** The time it comes round next, skipped or not; null: it is paused */
export function upcomingOf(window: PostingWindow, timeZone: string, nowMs: number) {
  const schedule: Schedule = { ...window, minuteOfDay: minuteOf(window.timeOfDay), skips: [] };
  const next = nextOccurrence(schedule, timeZone, nowMs, window.last?.day ?? null);
  return next === null ? null : { ...next, skipped: window.skips.includes(next.day) };
}

/** e.g. `Every day, 21.30` */
export function whenOf({ weekdays, timeOfDay }: Pick<PostingWindow, 'weekdays' | 'timeOfDay'>): string {
  const days = weekdays.length === 7 ? t('window.daily') : weekdays.map((day) => weekdayName(day)).join(', ');
  const clock = new Intl.DateTimeFormat(LOCALES[language.value], {
    timeZone: 'UTC',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return t('window.when', { days, time: clock.format(Date.UTC(2000, 0, 1, 0, minuteOf(timeOfDay))) });
}

/** @param day ISO: 1 is Monday */
export function weekdayName(day: number, length: 'short' | 'long' = 'short'): string {
  // the first of January 2024 was a Monday
  return new Intl.DateTimeFormat(LOCALES[language.value], { timeZone: 'UTC', weekday: length }).format(
    Date.UTC(2024, 0, day),
  );
}

/** A local day, YYYY-MM-DD, as people write it. */
export function dayName(day: string): string {
  const format = { timeZone: 'UTC', weekday: 'short', day: 'numeric', month: 'short' } as const;
  return new Intl.DateTimeFormat(LOCALES[language.value], format).format(Date.parse(`${day}T00:00:00Z`));
}

export const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7] as const;
export const GOOD_HOURS = ['2', '4', '8', '12'] as const;

export interface WindowDraft {
  readonly timeOfDay: string;
  readonly weekdays: readonly number[];
  readonly category: Category;
  readonly storage: Storage;
  readonly kg: string;
  readonly goodHours: string;
  readonly note: string;
  readonly promised: 'yes' | 'no' | null;
  readonly paused: boolean;
}

/** @param window undefined: a new one, of what was posted last */
export function draftOf(window: PostingWindow | undefined): WindowDraft {
  if (window === undefined) {
    const { category, storage, kg, note } = fromLastTime(member.value?.organisationId ?? '');
    const goodHours = GOOD_HOURS[1];
    return {
      timeOfDay: '21:30',
      weekdays: WEEKDAYS,
      category,
      storage,
      kg,
      goodHours,
      note,
      promised: null,
      paused: false,
    };
  }
  const { timeOfDay, weekdays, category, storage, paused } = window;
  return {
    ...{ timeOfDay, weekdays, category, storage, paused },
    kg: String(window.quantityGrams / 1000),
    goodHours: String(window.goodForMinutes / 60),
    note: window.note ?? '',
    promised: window.temperature === null ? null : 'yes',
  };
}

/** What PUT /v1/windows/{id} takes. */
export function bodyOf(draft: WindowDraft, isAsked: boolean): object {
  const { timeOfDay, weekdays, category, storage, note, paused } = draft;
  return {
    ...{ timeOfDay, weekdays, category, storage, paused },
    quantityGrams: gramsOf(draft.kg),
    goodForMinutes: Math.round(Number(draft.goodHours) * 60),
    ...(note.trim() === '' ? {} : { note: note.trim() }),
    ...(isAsked ? { temperature: 'promised' } : {}),
  };
}
