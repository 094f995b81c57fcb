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

export const MAX_GRAMS = 100_000_000;
export const MAX_SAFE_DAYS = 30;
