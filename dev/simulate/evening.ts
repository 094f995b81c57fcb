import { createDice, keyOf, pick, pickWeighted } from './random.ts';
import type { Settings } from './settings.ts';

export interface Donor {
  readonly id: string;
  readonly categories?: readonly string[];
}

export interface PlannedPost {
  readonly donorId: string;
  /** Idempotency-Key */
  readonly key: string;
  /** real ms after the evening began */
  readonly atMs: number;
  readonly category: string;
  readonly storage: string;
  readonly quantityGrams: number;
  readonly safeForMinutes: number;
  /** real ms after the post; null: not cancelled */
  readonly cancelAfterMs: number | null;
}

const STORAGE: Readonly<Record<string, readonly [string, ...string[]]>> = {
  prepared: ['chilled', 'chilled', 'ambient'],
  bakery: ['ambient'],
  produce: ['ambient', 'chilled'],
  dairy: ['chilled'],
  meat: ['chilled'],
  seafood: ['chilled'],
  dry: ['ambient'],
  beverages: ['ambient'],
  mixed: ['ambient', 'chilled'],
};

/** Donors post as they close: most at full hours, towards the end of the evening. Of a given seed always the same. */
export function planEvening(settings: Settings, donors: readonly Donor[]): PlannedPost[] {
  const dice = createDice(settings.seed);
  const taking = [...donors]
    .sort((a, b) => dice('takes part', a.id) - dice('takes part', b.id))
    .slice(0, settings.donors);
  const posts = taking.flatMap((donor) => postsOf(settings, donor));
  return posts.sort((a, b) => a.atMs - b.atMs);
}

function postsOf(settings: Settings, donor: Donor): PlannedPost[] {
  const dice = createDice(`${settings.seed}|${donor.id}`);
  const count = 1 + Math.floor(dice('count') * 3);
  const closesAtMinute = closingMinute(settings.minutes, dice('hour'), dice('minutes after'));
  const offered = donor.categories?.filter((category) => category in STORAGE) ?? [];
  const [first = 'prepared', ...rest] = offered;
  return Array.from({ length: count }, (_, index) => {
    const category = pick([first, ...rest], dice('category', index));
    const minute = Math.min(settings.minutes, closesAtMinute + dice('later', index) * 15);
    return {
      donorId: donor.id,
      key: keyOf(settings.seed, donor.id, index),
      atMs: realMs(settings, minute),
      category,
      storage: pick(STORAGE[category] ?? ['ambient'], dice('storage', index)),
      quantityGrams: gramsOf(dice('grams', index)),
      safeForMinutes: Number(pickWeighted({ '45': 5, '120': 25, '240': 50, '480': 20 }, dice('safe', index))),
      cancelAfterMs:
        dice('cancel', index) < settings.cancelOdds ? realMs(settings, 5 + dice('when', index) * 30) : null,
    };
  });
}

/** Half close at one of four usual times, the rest whenever, later rather than earlier. */
function closingMinute(minutes: number, roll: number, spread: number): number {
  if (roll >= 0.5) return Math.sqrt(spread) * minutes;
  const usual = Math.floor(roll * 2 * 4);
  return minutes * ((usual + 0.5) / 4 + spread * 0.02);
}

/** 0.5 to 40 kg, mostly a few. */
function gramsOf(roll: number): number {
  return Math.round((0.5 + 39.5 * roll ** 3) * 10) * 100;
}

export function realMs(settings: Pick<Settings, 'speed'>, minutes: number): number {
  return (minutes * 60_000) / settings.speed;
}
