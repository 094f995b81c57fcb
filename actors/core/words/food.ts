/** What a surplus is made of; a recipient lists those it takes. */
export const CATEGORIES = [
  'prepared',
  'bakery',
  'produce',
  'dairy',
  'meat',
  'seafood',
  'dry',
  'beverages',
  'mixed',
] as const;
export type Category = (typeof CATEGORIES)[number];

/** How it must be kept until it is eaten. */
export const STORAGES = ['ambient', 'chilled', 'frozen', 'hot'] as const;
export type Storage = (typeof STORAGES)[number];

/**
 * What a donor says of hot food (63 °C or hotter) and chilled food (5 °C or colder): measured for this post, or promised for
 * every one of a kind. Other food is not asked about.
 */
export const TEMPERATURES = ['checked', 'promised'] as const;
export type Temperature = (typeof TEMPERATURES)[number];

export function isAskedForTemperature(storage: Storage): storage is 'hot' | 'chilled' {
  return storage === 'hot' || storage === 'chilled';
}

export const MAX_GRAMS = 100_000_000;
export const MAX_SAFE_DAYS = 30;
