/** Gathers what a turn must know of the world before it decides. */
import { haversineMeters, placeKey, type Place } from '#core/geo/distance.ts';
import type { Lot } from '#core/lots/lot.ts';
import { MAX_TRIES, type Policy } from '#core/lots/policy.ts';
import type { Command } from '#core/lots/command.ts';
import type { Facts } from '#core/lots/turn.ts';
import type { Candidate } from '#core/matching/candidate.ts';
import { lotIdOf, type CellToken, type LotId, type RecipientId } from '#core/words/ids.ts';
import type { Candidates, CellPorts, Named, Near, Search } from './ports.ts';

/** Where one lot is to be looked for recipients. */
export interface Seeking extends Search {
  /** it may come to the food bank of last resort */
  readonly lastResort: boolean;
}

/** Which places the commands of a turn make us search around. */
export function seekingOf(
  commands: readonly Command[],
  lots: Pick<ReadonlyMap<LotId, Lot>, 'get'>,
  policy: Policy,
): Seeking[] {
  const found: Seeking[] = [];
  for (const command of commands) {
    if (command.kind === 'post') {
      found.push({ lat: command.lat, lon: command.lon, radiusMeters: policy.radiusMeters, lastResort: false });
    } else if (command.kind === 'rematch' || command.kind === 'fallback' || command.kind === 'wake') {
      const lot = lots.get(command.lotId);
      if (lot === undefined || (lot.state !== 'rematching' && lot.state !== 'posted')) continue;
      const lastResort = command.kind === 'fallback' || lot.tries >= MAX_TRIES || lot.deadLettered;
      found.push({ lat: lot.lat, lon: lot.lon, radiusMeters: lot.radiusMeters, lastResort });
    }
  }
  return found;
}

/** Whom the commands of a turn name, beside those near. */
export function namedOf(commands: readonly Command[], lots: ReadonlyMap<LotId, Lot>): Named[] {
  return commands.flatMap((command) => {
    if (command.kind !== 'assign') return [];
    const lot = lots.get(command.lotId);
    return lot === undefined ? [] : [{ recipientId: command.recipientId, lat: lot.lat, lon: lot.lon }];
  });
}

/** Searches with the same key find the same recipients. */
export function searchKey(search: Search): string {
  return `${placeKey(search)}/${String(search.radiusMeters)}`;
}

const NOTHING: ReadonlyMap<RecipientId, number> = new Map();

/** @param ours grams by recipient that this very turn has reserved already: the counters hold them, and the turn will count them itself */
export async function gatherFacts(
  cell: CellToken,
  seeking: readonly Seeking[],
  ports: CellPorts,
  policy: Policy,
  nearOf: Candidates['near'],
  named: readonly Named[] = [],
  ours: ReadonlyMap<RecipientId, number> = NOTHING,
): Promise<Facts> {
  const searches = new Map(seeking.map((each) => [searchKey(each), each]));
  const keys = [...searches.keys()];
  const near = keys.length === 0 ? [] : await nearOf([...searches.values()]);
  const byKey = near === null ? null : new Map(keys.map((key, index) => [key, near[index] ?? []]));
  const byName = named.length === 0 ? null : await ports.candidates.named(named);
  const banks = await lastResorts(seeking, ports);
  // Deciding and reserving ask for the same places: each list is made once a turn.
  const once = (lists: ReadonlyMap<string, readonly Near[] | null> | null) => {
    const seen = new Map<string, readonly Candidate[] | null>();
    return (key: string, place: Place): readonly Candidate[] | null => {
      const known = seen.get(key);
      if (known !== undefined) return known;
      const list = lists?.get(key)?.map((each) => asSeenFrom(place, each, ports, ours)) ?? null;
      seen.set(key, list);
      return list;
    };
  };
  const seenFrom = once(byKey);
  // Of a lot that was not to come there nobody asked.
  const banksFrom = once(banks);
  const nowMs = ports.clock.nowMs();
  const newLotIds: LotId[] = [];
  return {
    policy,
    candidatesFor: (lot) => seenFrom(searchKey(lot), lot),
    fallbacksFor: (lot) => banksFrom(placeKey(lot), lot),
    candidateNamed: (lot, recipientId) => {
      const asked = named.findIndex((each) => each.recipientId === recipientId && placeKey(each) === placeKey(lot));
      if (byName === null || asked < 0) return null;
      const found = byName[asked];
      return found === undefined ? undefined : asSeenFrom(lot, found, ports, ours);
    },
    newLotId: (n) => (newLotIds[n] ??= lotIdOf(cell, ports.newUuid(nowMs))),
    handoverCode: ports.handoverCode,
  };
}

async function lastResorts(
  seeking: readonly Seeking[],
  ports: CellPorts,
): Promise<Map<string, readonly Near[] | null>> {
  const places = new Map(seeking.filter((each) => each.lastResort).map((each) => [placeKey(each), each]));
  const found = [...places].map(async ([key, place]) => [key, await ports.candidates.fallbacks(place)] as const);
  return new Map(await Promise.all(found));
}

function asSeenFrom(lot: Place, near: Near, ports: CellPorts, ours: ReadonlyMap<RecipientId, number>): Candidate {
  const { travelSeconds, travelSource } = ports.travel.of({ from: lot, to: near, mode: near.travelMode });
  const distanceMeters = near.distanceMeters || haversineMeters(lot, near);
  const openGrams = near.openGrams - (ours.get(near.recipientId) ?? 0);
  return { ...near, distanceMeters, travelSeconds, travelSource, openGrams };
}
