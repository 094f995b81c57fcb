import type { Near } from '#cell/ports.ts';
import { haversineMeters, type Place } from '#core/geo/distance.ts';
import type { Recipient } from '#core/matching/candidate.ts';
import { localDay } from '#core/matching/hours.ts';
import { dayAfter } from '#core/words/calendar.ts';

/** The fields of a recipient's counters hash: v, open, and YYYY-MM-DD of each day with handovers. */
export type Counters = ReadonlyMap<string, string>;

const WEEK_DAYS = 7;

/** The recipient's last seven local days, today first; worked out once per zone and call, not once per recipient. */
export function weeksAt(nowMs: number): (timeZone: string) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  return (timeZone) => {
    const week = known.get(timeZone) ?? weekUpTo(localDay(timeZone, nowMs));
    known.set(timeZone, week);
    return week;
  };
}

interface Sums {
  readonly today: string;
  readonly openGrams: number;
  readonly collectedTodayGrams: number;
  readonly collectedWeekGrams: number;
}

/** Counters that have not changed since the last question are the same object (counters.ts): added up once a day. */
const known = new WeakMap<Counters, Sums>();

function sumsOf(counters: Counters, days: readonly string[]): Sums {
  const last = known.get(counters);
  const [today = ''] = days;
  if (last?.today === today) return last;
  const grams = (field: string): number => Number(counters.get(field) ?? 0);
  const sums = {
    today,
    openGrams: grams('open'),
    collectedTodayGrams: grams(today),
    collectedWeekGrams: days.reduce((sum, day) => sum + grams(day), 0),
  };
  known.set(counters, sums);
  return sums;
}

/** A recipient as seen from a place; undefined when it is not known in full (being written just now). */
export function nearOf(
  facts: Recipient | undefined,
  counters: Counters | undefined,
  from: Place,
  weekOf: (timeZone: string) => readonly string[],
): Near | undefined {
  if (facts === undefined || counters === undefined) return undefined;
  const { openGrams, collectedTodayGrams, collectedWeekGrams } = sumsOf(counters, weekOf(facts.timeZone));
  const distanceMeters = haversineMeters(from, facts);
  return { ...facts, distanceMeters, openGrams, collectedTodayGrams, collectedWeekGrams };
}

/** The seven days that end with this one (YYYY-MM-DD). */
function weekUpTo(day: string): readonly string[] {
  return Array.from({ length: WEEK_DAYS }, (_, back) => dayAfter(day, -back));
}

/** The oldest day that still counts for a week seen from `day`, with one to spare for zones ahead. */
export function oldestDay(day: string): string {
  return dayAfter(day, -WEEK_DAYS);
}
