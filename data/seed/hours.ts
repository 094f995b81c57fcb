import { parseOpeningHours } from '#adapters/hours/parseOpeningHours.ts';
import type { WeeklyHours } from '#core/matching/hours.ts';
import { chanceOf } from './chance.ts';

export interface SeedHours {
  readonly hours: WeeklyHours;
  readonly hoursText: string | null;
  readonly isDerived: boolean;
}

/** What the map says, if it can be read; else one of the plausible ones. */
export function hoursOf(id: string, told: string | undefined, plausible: readonly [string, ...string[]]): SeedHours {
  const parsed = told === undefined ? null : parseOpeningHours(told);
  if (told !== undefined && parsed?.ok === true) return { hours: parsed.hours, hoursText: told, isDerived: false };
  return { hours: readable(chanceOf(id, 'hours').pick(plausible)), hoursText: told ?? null, isDerived: true };
}

const read = new Map<string, WeeklyHours>();

/** @throws Error when one of our own texts can't be read */
export function readable(text: string): WeeklyHours {
  const known = read.get(text);
  if (known !== undefined) return known;
  const parsed = parseOpeningHours(text);
  if (!parsed.ok) throw new Error(`not opening hours: ${text}`);
  read.set(text, parsed.hours);
  return parsed.hours;
}
