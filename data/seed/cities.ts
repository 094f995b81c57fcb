import { helsinki } from './helsinki.ts';
import { jakarta } from './jakarta.ts';
import type { City } from './organisation.ts';

/** What can be seeded, by its name. */
export const CITIES: Readonly<Record<string, () => City>> = { helsinki, jakarta: () => jakarta() };
