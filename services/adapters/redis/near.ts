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

/** A recipient as seen from a place, in an array of one; empty when it is not known in full (being written just now). */
export function nearOf(
  facts: Recipient | undefined,
  counters: Counters | undefined,
  from: Place,
  weekOf: (timeZone: string) => readonly string[],
): Near[] {
  if (facts === undefined || counters === undefined) return [];
  const days = weekOf(facts.timeZone);
  return [
    {
      ...facts,
      distanceMeters: haversineMeters(from, facts),
      openGrams: Number(counters.get('open') ?? 0),
      collectedTodayGrams: Number(counters.get(days[0] ?? '') ?? 0),
      collectedWeekGrams: days.reduce((sum, day) => sum + Number(counters.get(day) ?? 0), 0),
    },
  ];
}

/** The seven days that end with this one (YYYY-MM-DD). */
function weekUpTo(day: string): readonly string[] {
  return Array.from({ length: WEEK_DAYS }, (_, back) => dayAfter(day, -back));
}

/** The oldest day that still counts for a week seen from `day`, with one to spare for zones ahead. */
export function oldestDay(day: string): string {
  return dayAfter(day, -WEEK_DAYS);
}
