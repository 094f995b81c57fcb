import type { WeeklyHours } from '#core/matching/hours.ts';
import type { Recipient } from '#core/matching/candidate.ts';
import type { Category } from '#core/words/food.ts';
import type { Place } from '#core/geo/distance.ts';

/** A donor as it goes into the database. */
export interface SeedDonor extends Place {
  readonly id: string;
  readonly name: string;
  readonly timeZone: string;
  readonly hours: WeeklyHours;
  /** as OpenStreetMap has it; null: it says nothing, or nothing readable */
  readonly hoursText: string | null;
  readonly categories: readonly Category[];
  /** the fields that were derived, not told */
  readonly derived: readonly string[];
  /** `node/123`; null: not from OpenStreetMap */
  readonly osm: string | null;
}

export interface SeedRecipient extends SeedDonor, Pick<Recipient, 'fallback' | 'storages' | 'needs' | 'travelMode'> {
  readonly capacityGrams: number;
  readonly dailyCapacityGrams: number;
  readonly weeklyNeedGrams: number;
}

export interface City {
  readonly donors: readonly SeedDonor[];
  readonly recipients: readonly SeedRecipient[];
}
