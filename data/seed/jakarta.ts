/** A synthetic Jabodetabek: invented organisations, spread like a real metropolis; the same seed gives the same city. */
import type { Place } from '#core/geo/distance.ts';
import { chanceOf, type Chance } from './chance.ts';
import { readable } from './hours.ts';
import { DONOR_SIGNS, DONOR_WORDS, RECIPIENT_SIGNS, RECIPIENT_WORDS } from './jakartaWords.ts';
import { DONOR_KINDS, RECIPIENT_KINDS, foodBankOfLastResort, resourcesOf } from './kinds.ts';
import type { City, SeedDonor, SeedRecipient } from './organisation.ts';

const TIME_ZONE = 'Asia/Jakarta';
const METERS_PER_DEGREE = 111_195;
/** A town ends here, in standard deviations. */
const EDGE = 2.4;
/** North of this lies the Java Sea. */
const COAST_LAT = -6.105;

interface Centre extends Place {
  /** its part of the city, in no unit */
  readonly weight: number;
  /** how far it spreads: one standard deviation */
  readonly spreadMeters: number;
}

/** Where people eat. Tuned so that 10,000 donors lie in about 195 cells of level 12 and 9 regions of level 9. */
const CENTRES: readonly [Centre, ...Centre[]] = [
  { lat: -6.186, lon: 106.834, weight: 20, spreadMeters: 2_950 }, // Menteng, Thamrin
  { lat: -6.244, lon: 106.8, weight: 16, spreadMeters: 2_950 }, // Blok M
  { lat: -6.165, lon: 106.79, weight: 11, spreadMeters: 2_650 }, // Grogol
  { lat: -6.225, lon: 106.9, weight: 10, spreadMeters: 2_800 }, // Jatinegara
  { lat: -6.158, lon: 106.906, weight: 8, spreadMeters: 2_250 }, // Kelapa Gading
  { lat: -6.238, lon: 107.0, weight: 9, spreadMeters: 2_400 }, // Bekasi
  { lat: -6.178, lon: 106.63, weight: 8, spreadMeters: 2_250 }, // Tangerang
  { lat: -6.3, lon: 106.672, weight: 7, spreadMeters: 2_250 }, // Serpong
  { lat: -6.392, lon: 106.825, weight: 7, spreadMeters: 2_250 }, // Depok
  { lat: -6.59, lon: 106.803, weight: 4, spreadMeters: 1_850 }, // Bogor
];

export interface JakartaOptions {
  readonly seed?: string;
  readonly donors?: number;
  readonly recipients?: number;
}

export function jakarta({ seed = 'jakarta-1', donors = 10_000, recipients = 500 }: JakartaOptions = {}): City {
  const bank = foodBankOfLastResort({
    id: 'derived-jakarta-food-bank',
    name: 'Bank Pangan Jakarta (derived)',
    lat: -6.2,
    lon: 106.845,
    timeZone: TIME_ZONE,
  });
  return {
    donors: numbered(donors, (n) => donorOf(seed, `jkt-donor-${pad(n, 5)}`)),
    recipients: [...numbered(recipients, (n) => recipientOf(seed, `jkt-recipient-${pad(n, 4)}`)), bank],
  };
}

function numbered<Value>(count: number, make: (n: number) => Value): Value[] {
  return Array.from({ length: count }, (_, i) => make(i + 1));
}

function pad(n: number, digits: number): string {
  return String(n).padStart(digits, '0');
}

function placeNear(chance: Chance): Place {
  const total = CENTRES.reduce((sum, centre) => sum + centre.weight, 0);
  let at = chance.fraction() * total;
  const centre = CENTRES.find((each) => (at -= each.weight) < 0) ?? CENTRES[0];
  for (;;) {
    const [north, east] = [chance.normal(), chance.normal()];
    const lat = centre.lat + (north * centre.spreadMeters) / METERS_PER_DEGREE;
    const lon = centre.lon + (east * centre.spreadMeters) / METERS_PER_DEGREE;
    if (lat < COAST_LAT && north ** 2 + east ** 2 < EDGE ** 2)
      return { lat: Number(lat.toFixed(6)), lon: Number(lon.toFixed(6)) };
  }
}

const DONOR_SHARES = [
  ['restaurant', 34],
  ['fast_food', 30],
  ['cafe', 12],
  ['bakery', 7],
  ['convenience', 8],
  ['supermarket', 3],
  ['hotel', 3],
  ['catering', 3],
] as const;
const RECIPIENT_SHARES = [
  ['worship', 30],
  ['social', 24],
  ['community', 20],
  ['ngo', 16],
  ['school', 10],
] as const;

function shareOf<Kind extends string>(shares: readonly (readonly [Kind, number])[], chance: Chance): Kind {
  let at = chance.fraction() * 100;
  const found = shares.find(([, share]) => (at -= share) < 0) ?? shares[0];
  if (found === undefined) throw new Error('no shares');
  return found[0];
}

function donorOf(seed: string, id: string): SeedDonor {
  const chance = chanceOf(seed, id);
  const kind = shareOf(DONOR_SHARES, chance);
  const place = placeNear(chance);
  const hoursText = chance.pick<string>(DONOR_KINDS[kind].hours);
  const name = `${chance.pick<string>(DONOR_SIGNS[kind])} ${chance.pick(DONOR_WORDS)} ${chance.pick(DONOR_WORDS)}`;
  return {
    ...place,
    id,
    name,
    timeZone: TIME_ZONE,
    hours: readable(hoursText),
    hoursText,
    categories: DONOR_KINDS[kind].categories,
    derived: ['all'],
    osm: null,
  };
}

function recipientOf(seed: string, id: string): SeedRecipient {
  const chance = chanceOf(seed, id);
  const kind = shareOf(RECIPIENT_SHARES, chance);
  const place = placeNear(chance);
  const hoursText = chance.pick<string>(RECIPIENT_KINDS[kind].hours);
  const name = `${chance.pick<string>(RECIPIENT_SIGNS[kind])} ${chance.pick(RECIPIENT_WORDS)} ${chance.pick(RECIPIENT_WORDS)}`;
  return {
    ...place,
    ...resourcesOf(`${seed}/${id}`, RECIPIENT_KINDS[kind]),
    id,
    name,
    timeZone: TIME_ZONE,
    hours: readable(hoursText),
    hoursText,
    derived: ['all'],
    osm: null,
    fallback: false,
  };
}
