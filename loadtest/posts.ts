/** Who posts, and from where. */
import type { Target } from './generator/plan.ts';
import type { Donor, World } from './world.ts';

export interface Spot {
  readonly donor: Donor;
  /** null: at the donor's own place */
  readonly at: Donor | null;
}

/** The same for all posts of a run: one that is repeated is the same to the byte. */
const SAFE_UNTIL = new Date(Date.now() + 6 * 3_600_000).toISOString();

/** The donors of the `count` fullest cells; every donor of those regions posts from one of them, in turn. */
export function spotsInHottest(donors: readonly Donor[], count: number): Spot[] {
  const hottest = fullestCells(donors).slice(0, count);
  if (hottest.length === fullestCells(donors).length) return donors.map((donor) => ({ donor, at: null }));
  const byRegion = Map.groupBy(hottest, ({ region }) => region);
  return donors.flatMap((donor, n) => {
    const places = byRegion.get(donor.region) ?? [];
    const at = places[n % places.length];
    return at === undefined ? [] : [{ donor, at }];
  });
}

/** Each donor once, `share` of them from the fullest cell of their own region. */
export function spotsSkewed(donors: readonly Donor[], share: number, random: () => number): Spot[] {
  const fullest = new Map<string, Donor>();
  for (const one of fullestCells(donors)) if (!fullest.has(one.region)) fullest.set(one.region, one);
  return donors.map((donor) => ({ donor, at: random() < share ? (fullest.get(donor.region) ?? null) : null }));
}

/** One donor of each cell, of the fullest cell first. */
function fullestCells(donors: readonly Donor[]): Donor[] {
  const cells = [...Map.groupBy(donors, ({ cell }) => cell).values()];
  cells.sort((one, other) => other.length - one.length);
  return cells.flatMap(([first]) => (first === undefined ? [] : [first]));
}

/** In an order of chance, so that cells take turns. */
export function targetsFor(world: World, port: number, spots: readonly Spot[], random: () => number): Target[] {
  return shuffled(spots, random).map((spot) => {
    const { donor } = spot;
    const body = JSON.stringify(bodyOf(spot));
    const lines = [
      'POST /v1/surplus HTTP/1.1',
      `host: 127.0.0.1:${String(port)}`,
      `authorization: Bearer ${world.tokens.get(donor.id) ?? ''}`,
      'content-type: application/json',
      `content-length: ${String(Buffer.byteLength(body))}`,
    ];
    return { head: lines.map((line) => `${line}\r\n`).join(''), body };
  });
}

export function bodyOf({ at }: Spot): object {
  const location = at === null ? {} : { location: { lat: at.lat, lon: at.lon } };
  return {
    category: 'bakery',
    quantityGrams: 500,
    storage: 'ambient',
    safeUntil: SAFE_UNTIL,
    note: 'rye bread',
    ...location,
  };
}

function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  const order = items.map((item) => ({ item, at: random() })).sort((one, other) => one.at - other.at);
  return order.map(({ item }) => item);
}
