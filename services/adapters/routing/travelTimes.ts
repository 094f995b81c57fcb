import { AsyncLocalStorage } from 'node:async_hooks';
import type { Journey, TravelTime, TravelTimes } from '#cell/ports.ts';
import { estimateTravelSeconds, placeKey, type Place, type TravelMode } from '#core/geo/distance.ts';
import { askTogether } from '../batching/askTogether.ts';
import { withinMs } from '../timing/withinMs.ts';
import type { MatrixQuestion, RoutingEngine } from './engine.ts';
import { journeysAsked, storeFailures } from './metrics.ts';
import { recentlyUsed, type RecentlyUsed } from './recentlyUsed.ts';
import type { JourneyKey, KnownTime, TravelStore } from './travelStore.ts';

export interface TravelTimesOptions {
  readonly store: TravelStore;
  /** null: no routing engine, all is estimated */
  readonly engine: RoutingEngine | null;
  /** places that are remembered as starts; each with some dozens of journeys */
  readonly maxPlaces?: number;
  /** how long `warm` waits; what comes later is there for the next turn */
  readonly deadlineMs?: number;
}

/** Valhalla runs as many threads; more questions at once only queue there and time out. */
const LANES = 4;
/** Places read in one statement. */
const MAX_PLACES_READ = 50;
/** Questions that may wait for a lane; beyond, estimates are better than a backlog. */
const MAX_WAITING = 1_000;

/** What is known of the journeys from one place by one mode; the other end is named by its key. */
interface Start {
  /** NaN: no road between the two */
  readonly seconds: Map<string, number>;
  /** journeys that are being asked for; settles when there is an answer, or none is to be had */
  readonly underway: Map<string, Promise<void>>;
  /** nothing more is to be learned: the engine's map does not reach the place */
  isExhausted: boolean;
}

interface Departures {
  readonly key: string;
  readonly byMode: Partial<Record<TravelMode, Start>>;
  /** of what the table holds of them; null: not begun, or in vain */
  reading: Promise<void> | null;
}

/** A journey on its way to an answer. */
interface Wanted extends JourneyKey {
  readonly start: Start;
  readonly journey: Journey;
}

interface Times {
  readonly options: TravelTimesOptions;
  /** by the place's key */
  readonly departures: RecentlyUsed<Departures>;
  /** what the table holds of a place; cells that ask at the same time ask together */
  readonly inTable: (place: string) => Promise<readonly KnownTime[]>;
  readonly waiting: (() => Promise<void>)[];
  last: { readonly place: Place; readonly departures: Departures } | null;
  lanes: number;
}

/** Travel times between fixed places: memory, then the table, then the routing engine; an estimate when none knows. */
export function createTravelTimes(options: TravelTimesOptions): TravelTimes {
  const times: Times = {
    options,
    departures: recentlyUsed(options.maxPlaces ?? 6_000),
    inTable: readTogether(options.store),
    waiting: [],
    last: null,
    lanes: 0,
  };
  return { warm: (journeys) => warm(times, journeys), of: (journey) => timeOf(times, journey) };
}

function readTogether({ read }: TravelStore): Times['inTable'] {
  const ask = askTogether<'all', string, readonly KnownTime[]>({
    maxInFlight: 1,
    maxBatch: MAX_PLACES_READ,
    run: async (_, places) => {
      const byPlace = Map.groupBy(await read(places), ({ from }) => from);
      return places.map((place) => byPlace.get(place) ?? []);
    },
  });
  return (place) => ask('all', place);
}

function timeOf(times: Times, { from, to, mode }: Journey): TravelTime {
  const seconds = departuresOf(times, from).byMode[mode]?.seconds.get(placeKey(to));
  return seconds === undefined || Number.isNaN(seconds)
    ? { travelSeconds: estimateTravelSeconds(from, to, mode), travelSource: 'estimate' }
    : { travelSeconds: seconds, travelSource: 'route' };
}

function startOf(times: Times, place: Place, mode: TravelMode): Start {
  return startBy(departuresOf(times, place), mode);
}

/** Made only where something is to be kept: without an engine thousands of places have nothing. */
function startBy({ byMode }: Departures, mode: TravelMode): Start {
  return (byMode[mode] ??= { seconds: new Map(), underway: new Map(), isExhausted: false });
}

/** One lot looks at many recipients, one after the other: its place is looked up once. */
function departuresOf(times: Times, place: Place): Departures {
  if (times.last?.place === place) return times.last.departures;
  const key = placeKey(place);
  const departures = times.departures.get(key) ?? { key, byMode: {}, reading: null };
  times.departures.set(key, departures);
  times.last = { place, departures };
  return departures;
}

async function warm(times: Times, journeys: readonly Journey[]): Promise<boolean> {
  const { engine, deadlineMs = 120 } = times.options;
  await withinMs(deadlineMs, learn(times, journeys, engine), () => undefined);
  return engine === null || journeys.every((each) => isSettled(times, each));
}

/** Never rejects. Goes on after the deadline: what it learns is there for the next turn. */
async function learn(times: Times, journeys: readonly Journey[], engine: RoutingEngine | null): Promise<void> {
  const starts = new Set(journeys.map(({ from }) => departuresOf(times, from)));
  const unread = new Set([...starts].filter(({ reading }) => reading === null));
  await Promise.all([...starts].map((departures) => (departures.reading ??= readOne(times, departures))));
  countKnown(times, journeys, unread);
  if (engine === null) return;
  const { wanted, underway } = unknownOf(times, journeys);
  if (wanted.length > 0) underway.push(askEngine(times, engine, wanted));
  await Promise.all(underway);
}

/** Once for a place; again when it could not be read. Never rejects. */
async function readOne(times: Times, departures: Departures): Promise<void> {
  try {
    const found = await times.inTable(departures.key);
    for (const { to, mode, seconds } of found) startBy(departures, mode).seconds.set(to, seconds ?? Number.NaN);
  } catch {
    storeFailures.inc({ operation: 'read' });
    departures.reading = null;
  }
}

function countKnown(times: Times, journeys: readonly Journey[], justRead: ReadonlySet<Departures>): void {
  const known = { table: 0, memory: 0 };
  for (const { from, to, mode } of journeys) {
    const departures = departuresOf(times, from);
    if (departures.byMode[mode]?.seconds.has(placeKey(to)) !== true) continue;
    known[justRead.has(departures) ? 'table' : 'memory']++;
  }
  if (known.table > 0) journeysAsked.inc({ source: 'table' }, known.table);
  if (known.memory > 0) journeysAsked.inc({ source: 'memory' }, known.memory);
}

/** Known, or known to be unknowable. */
function isSettled(times: Times, { from, to, mode }: Journey): boolean {
  const start = startOf(times, from, mode);
  return start.isExhausted || start.seconds.has(placeKey(to));
}

function unknownOf(times: Times, journeys: readonly Journey[]): { wanted: Wanted[]; underway: Promise<void>[] } {
  const wanted = new Map<string, Wanted>();
  const underway = new Set<Promise<void>>();
  for (const journey of journeys) {
    const { mode } = journey;
    const start = startOf(times, journey.from, mode);
    const to = placeKey(journey.to);
    const asked = start.underway.get(to);
    if (start.seconds.has(to)) continue;
    if (asked !== undefined) underway.add(asked);
    else if (!start.isExhausted) {
      const from = placeKey(journey.from);
      wanted.set(`${from}|${to}|${mode}`, { from, to, mode, start, journey });
    }
  }
  return { wanted: [...wanted.values()], underway: [...underway] };
}

function askEngine(times: Times, engine: RoutingEngine, wanted: readonly Wanted[]): Promise<void> {
  const groups = grouped(wanted).map((group) => inLane(times, () => measure(times, engine, group)));
  const done = Promise.all(groups).then(() => {
    for (const { start, to } of wanted) start.underway.delete(to);
  });
  for (const { start, to } of wanted) start.underway.set(to, done);
  return done;
}

/** One question per start and mode. */
function grouped(wanted: readonly Wanted[]): Wanted[][] {
  return [...Map.groupBy(wanted, ({ start }) => start).values()];
}

/** Runs `action` when one of the lanes to the engine is free; drops it when too many wait. */
function inLane(times: Times, action: () => Promise<void>): Promise<void> {
  if (times.waiting.length >= MAX_WAITING) return Promise.resolve();
  return new Promise((resolve) => {
    // Somebody else may drive it: it stays part of the trace that asked.
    times.waiting.push(AsyncLocalStorage.bind(() => action().finally(resolve)));
    drive(times);
  });
}

function drive(times: Times): void {
  while (times.lanes < LANES) {
    const next = times.waiting.shift();
    if (next === undefined) return;
    times.lanes++;
    void next().finally(() => {
      times.lanes--;
      drive(times);
    });
  }
}

/** Never rejects: a failure is the breaker's and the metric's business, the journeys are estimated. */
async function measure(times: Times, engine: RoutingEngine, group: readonly Wanted[]): Promise<void> {
  const [first] = group;
  if (first === undefined) return;
  try {
    const answer = await engine.ask(questionOf(first, group));
    if ('roadless' in answer) first.start.isExhausted = true;
    else keep(times, group, answer.seconds);
  } catch {
    journeysAsked.inc({ source: 'none' }, group.length);
  }
}

function questionOf(first: Wanted, group: readonly Wanted[]): MatrixQuestion {
  const from: Place = first.journey.from;
  return { from, to: group.map((each) => each.journey.to), mode: first.mode };
}

/** What was measured serves this turn from memory; the table is written beside it. */
function keep(times: Times, group: readonly Wanted[], seconds: readonly (number | null)[]): void {
  const found = group.map(({ from, to, mode }, i) => ({ from, to, mode, seconds: seconds[i] ?? null }));
  group.forEach(({ start, to }, i) => start.seconds.set(to, seconds[i] ?? Number.NaN));
  journeysAsked.inc({ source: 'engine' }, found.length);
  times.options.store.keep(found).catch(() => storeFailures.inc({ operation: 'write' }));
}
