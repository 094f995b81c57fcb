/** Two thousand cells: a hundred kilometres square of Java, with a recipient every few kilometres, and posts from all over it. */
import { setTimeout as pause } from 'node:timers/promises';
import { cellAt } from '#adapters/geo/s2.ts';
import { regionOf } from '#core/geo/cell.ts';
import { jakarta } from '../data/seed/jakarta.ts';
import { readable } from '../data/seed/hours.ts';
import type { SeedRecipient } from '../data/seed/organisation.ts';
import { writeCity } from '../data/seed/write.ts';
import type { Spot } from './posts.ts';
import type { Donor, World } from './world.ts';

const CORNER = { lat: -7.5, lon: 106.9 };
const SIDE_DEGREES = 1;
/** A level-12 cell is about 2.2 km wide; finer, so that none is stepped over. */
const CELL_STEP_DEGREES = 0.01;
/** Everybody posts within 8 km of one of them. */
const RECIPIENT_STEP_DEGREES = 0.08;
const ENDLESS_GRAMS = 1e12;
/** The candidate index follows new recipients within its sweep. */
const KNOWN_WITHIN_MS = 30_000;

/** A spot in each of so many cells; donors of Jakarta post from there, as a caterer does. */
export async function spotsInWide(world: World, count: number): Promise<Spot[]> {
  await writeCity(world.db, { donors: [], recipients: recipients() }, () => undefined);
  await pause(KNOWN_WITHIN_MS);
  const places = new Map<string, Donor>();
  for (const { lat, lon } of grid(CELL_STEP_DEGREES)) {
    const cell = cellAt({ lat, lon });
    if (!places.has(cell)) places.set(cell, { id: '', cell, region: regionOf(cell), lat, lon });
  }
  if (places.size < count) throw new Error(`only ${String(places.size)} cells there`);
  const at = [...places.values()].slice(0, count);
  return world.donors.map((donor, n) => ({ donor, at: at[n % count] ?? null }));
}

function recipients(): SeedRecipient[] {
  const [model] = jakarta().recipients.filter(({ fallback }) => !fallback);
  if (model === undefined) throw new Error('Jakarta has no recipient');
  const endless = {
    capacityGrams: ENDLESS_GRAMS,
    dailyCapacityGrams: ENDLESS_GRAMS,
    hours: readable('24/7'),
    categories: ['bakery' as const],
    storages: ['ambient' as const],
    needs: {},
  };
  return grid(RECIPIENT_STEP_DEGREES).map((place, n) => ({
    ...model,
    ...endless,
    ...place,
    id: `wide-${String(n)}`,
    name: `Wide ${String(n)}`,
  }));
}

function grid(step: number): { lat: number; lon: number }[] {
  const lines = Array.from({ length: Math.floor(SIDE_DEGREES / step) + 1 }, (_, n) => n * step);
  return lines.flatMap((north) => lines.map((east) => ({ lat: CORNER.lat + north, lon: CORNER.lon + east })));
}
