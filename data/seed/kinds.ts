/** What OpenStreetMap doesn't say of an organisation, by its kind; a chance picks among what is plausible. */
import type { TravelMode } from '#core/geo/distance.ts';
import { CATEGORIES, STORAGES, type Category, type Storage } from '#core/words/food.ts';
import type { SeedRecipient } from './organisation.ts';
import { chanceOf, type Chance } from './chance.ts';

type Several<Value> = readonly [Value, ...Value[]];

export interface DonorKind {
  readonly categories: readonly Category[];
  readonly hours: Several<string>;
}

export const DONOR_KINDS = {
  restaurant: {
    categories: ['prepared', 'produce'],
    hours: ['Mo-Su 11:00-22:00', 'Mo-Th 11:00-21:00; Fr-Sa 11:00-23:00; Su 12:00-20:00'],
  },
  cafe: { categories: ['bakery', 'prepared'], hours: ['Mo-Fr 08:00-18:00; Sa 10:00-17:00', 'Mo-Su 09:00-19:00'] },
  fast_food: { categories: ['prepared'], hours: ['Mo-Su 10:00-22:00', 'Mo-Su 11:00-02:00'] },
  pub: { categories: ['prepared', 'beverages'], hours: ['Mo-Su 14:00-02:00', 'Mo-Th 16:00-24:00; Fr-Sa 14:00-02:00'] },
  bar: { categories: ['prepared', 'beverages'], hours: ['Tu-Sa 17:00-02:00'] },
  food_court: { categories: ['prepared', 'mixed'], hours: ['Mo-Sa 10:00-21:00; Su 11:00-18:00'] },
  supermarket: {
    categories: ['bakery', 'produce', 'dairy', 'meat', 'seafood', 'dry', 'beverages'],
    hours: ['Mo-Su 08:00-22:00'],
  },
  convenience: { categories: ['bakery', 'dairy', 'dry', 'beverages'], hours: ['Mo-Su 07:00-23:00'] },
  bakery: { categories: ['bakery'], hours: ['Mo-Fr 07:00-18:00; Sa 08:00-16:00'] },
  deli: { categories: ['prepared', 'dairy', 'meat'], hours: ['Mo-Fr 10:00-19:00; Sa 10:00-16:00'] },
  butcher: { categories: ['meat'], hours: ['Mo-Fr 09:00-18:00; Sa 09:00-15:00'] },
  shop: { categories: ['dry', 'beverages'], hours: ['Mo-Fr 10:00-18:00; Sa 10:00-16:00'] },
  hotel: { categories: ['prepared', 'bakery', 'mixed'], hours: ['24/7'] },
  catering: { categories: ['prepared', 'mixed'], hours: ['Mo-Sa 06:00-20:00'] },
} as const satisfies Record<string, DonorKind>;

export interface RecipientKind {
  readonly hours: Several<string>;
  readonly categories: Several<readonly Category[]>;
  readonly storages: Several<readonly Storage[]>;
  readonly modes: Several<TravelMode>;
  readonly capacityKg: readonly [from: number, to: number];
}

const DRY_AND_FRESH = ['bakery', 'produce', 'dairy', 'dry', 'beverages'] as const;
const NO_RAW_FISH = CATEGORIES.filter((category) => category !== 'seafood');
const SHELF_AND_FRIDGE = ['ambient', 'chilled'] as const;
const KITCHEN = ['ambient', 'chilled', 'hot'] as const;

/** Kitchens and shelters take all that is cooked or raw; a library has a shelf and a community fridge. */
export const RECIPIENT_KINDS = {
  library: {
    hours: ['Mo-Fr 08:00-20:00; Sa 10:00-16:00'],
    categories: [DRY_AND_FRESH],
    storages: [SHELF_AND_FRIDGE],
    modes: ['pedestrian', 'bicycle'],
    capacityKg: [20, 60],
  },
  school: {
    hours: ['Mo-Fr 07:00-17:00', 'Mo-Fr 07:30-18:00; Sa 10:00-14:00'],
    categories: [[...DRY_AND_FRESH, 'prepared', 'mixed']],
    storages: [KITCHEN],
    modes: ['bicycle', 'auto'],
    capacityKg: [40, 150],
  },
  worship: {
    hours: ['Mo-Su 08:00-22:00', '24/7', 'Mo-Su 06:00-24:00'],
    categories: [[...DRY_AND_FRESH, 'prepared', 'mixed'], NO_RAW_FISH],
    storages: [KITCHEN],
    modes: ['pedestrian', 'bicycle', 'auto'],
    capacityKg: [30, 150],
  },
  social: {
    hours: ['24/7'],
    categories: [CATEGORIES],
    storages: [STORAGES],
    modes: ['auto', 'bicycle'],
    capacityKg: [120, 400],
  },
  community: {
    hours: ['Mo-Su 08:00-22:00', '24/7'],
    categories: [CATEGORIES, NO_RAW_FISH],
    storages: [KITCHEN, STORAGES],
    modes: ['bicycle', 'auto'],
    capacityKg: [40, 200],
  },
  ngo: {
    hours: ['24/7', '24/7', 'Mo-Fr 08:00-20:00; Sa 10:00-16:00', 'Mo-Su 10:00-23:00'],
    categories: [CATEGORIES, CATEGORIES, NO_RAW_FISH],
    storages: [STORAGES, KITCHEN, KITCHEN, SHELF_AND_FRIDGE],
    modes: ['bicycle', 'pedestrian', 'auto', 'bicycle'],
    capacityKg: [20, 250],
  },
} as const satisfies Record<string, RecipientKind>;

type Told = 'id' | 'name' | 'lat' | 'lon' | 'timeZone' | 'osm' | 'hours' | 'hoursText' | 'derived' | 'fallback';

/** Everything a map doesn't know of a recipient. */
export function resourcesOf(id: string, kind: RecipientKind): Omit<SeedRecipient, Told> {
  const chance = chanceOf(id, 'resources');
  const [fromKg, toKg] = kind.capacityKg;
  // Most are small: the square pulls towards the lower end.
  const capacityGrams = Math.round(fromKg + chance.fraction() ** 2 * (toKg - fromKg)) * 1_000;
  const dailyCapacityGrams = Math.round((capacityGrams * chance.integer(20, 30)) / 10);
  const categories = chance.pick(kind.categories);
  return {
    categories,
    storages: chance.pick(kind.storages),
    needs: needsOf(categories, chance),
    travelMode: chance.pick(kind.modes),
    capacityGrams,
    dailyCapacityGrams,
    weeklyNeedGrams: dailyCapacityGrams * chance.integer(3, 5),
  };
}

/** What it asked for most: two or three of what it takes, with weights. */
function needsOf(categories: readonly Category[], chance: Chance): SeedRecipient['needs'] {
  const wanted = categories.filter(() => chance.fraction() < 0.35).slice(0, 3);
  return Object.fromEntries(wanted.map((category) => [category, chance.integer(3, 10) / 10]));
}

/** What all recipients derive, whatever the map says. */
export const DERIVED_RESOURCES = [
  'categories',
  'storages',
  'needs',
  'travelMode',
  'capacityGrams',
  'dailyCapacityGrams',
  'weeklyNeedGrams',
] as const;

const BANK_GRAMS = 1_000_000_000;

/** One a city: it takes everything at any hour, so that nothing ends for want of a taker. It doesn't exist in the world. */
export function foodBankOfLastResort(
  place: Pick<SeedRecipient, 'id' | 'name' | 'lat' | 'lon' | 'timeZone'>,
): SeedRecipient {
  return {
    ...place,
    fallback: true,
    hours: [[0, 7 * 24 * 60]],
    hoursText: '24/7',
    categories: CATEGORIES,
    storages: STORAGES,
    needs: {},
    travelMode: 'auto',
    capacityGrams: BANK_GRAMS,
    dailyCapacityGrams: BANK_GRAMS,
    weeklyNeedGrams: BANK_GRAMS,
    derived: ['all'],
    osm: null,
  };
}
