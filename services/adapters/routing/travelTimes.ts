import { AsyncLocalStorage } from 'node:async_hooks';
import type { Journey, TravelTime, TravelTimes } from '#cell/ports.ts';
import { estimateTravelSeconds, placeKey, type Place, type TravelMode } from '#core/geo/distance.ts';
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
/** Questions that may wait for a lane; beyond, estimates are better than a backlog. */
const MAX_WAITING = 1_000;

/** What is known of the journeys from one place by one mode; the other end is named by its key. */
interface Start {
  /** NaN: no road between the two */
  readonly seconds: Map<string, number>;
  /** journeys that are being asked for; settles when there is an answer, or none is to be had */
  readonly underway: Map<string, Promise<void>>;
  /** nothing more is to be learned: the engine's map does not reach the place, or there is no engine */
  isExhausted: boolean;
}

type Departures = Partial<Record<TravelMode, Start>>;

/** A journey on its way to an answer. */
interface Wanted extends JourneyKey {
  readonly start: Start;
  readonly journey: Journey;
}

interface Times {
  readonly options: TravelTimesOptions;
  /** by the place's key */
  readonly departures: RecentlyUsed<Departures>;
  readonly waiting: (() => Promise<void>)[];
  last: { readonly place: Place; readonly departures: Departures } | null;
  lanes: number;
}

/** Travel times between fixed places: memory, then the table, then the routing engine; an estimate when none knows. */
export function createTravelTimes(options: TravelTimesOptions): TravelTimes {
  const times: Times = {
    options,
    departures: recentlyUsed(options.maxPlaces ?? 6_000),
    waiting: [],
    last: null,
    lanes: 0,
  };
  return { warm: (journeys) => warm(times, journeys), of: (journey) => timeOf(times, journey) };
}

function timeOf(times: Times, { from, to, mode }: Journey): TravelTime {
  const seconds = startOf(times, from, mode).seconds.get(placeKey(to));
  return seconds === undefined || Number.isNaN(seconds)
    ? { travelSeconds: estimateTravelSeconds(from, to, mode), travelSource: 'estimate' }
    : { travelSeconds: seconds, travelSource: 'route' };
}

function startOf(times: Times, place: Place, mode: TravelMode): Start {
  return (departuresOf(times, place)[mode] ??= { seconds: new Map(), underway: new Map(), isExhausted: false });
}

/** One lot looks at many recipients, one after the other: its place is looked up once. */
function departuresOf(times: Times, place: Place): Departures {
  if (times.last?.place === place) return times.last.departures;
  const key = placeKey(place);
  const departures = times.departures.get(key) ?? {};
  times.departures.set(key, departures);
  times.last = { place, departures };
  return departures;
}

async function warm(times: Times, journeys: readonly Journey[]): Promise<boolean> {
  const { wanted, underway } = unknownOf(times, journeys);
  if (wanted.length > 0) underway.push(fetchAll(times, wanted));
  if (underway.length === 0) return true;
  await withinMs(times.options.deadlineMs ?? 120, Promise.all(underway), () => undefined);
  return times.options.engine === null || journeys.every((each) => isSettled(times, each));
}

/** Known, or known to be unknowable. */
function isSettled(times: Times, { from, to, mode }: Journey): boolean {
  const start = startOf(times, from, mode);
  return start.isExhausted || start.seconds.has(placeKey(to));
}

function unknownOf(times: Times, journeys: readonly Journey[]): { wanted: Wanted[]; underway: Promise<void>[] } {
  const wanted = new Map<string, Wanted>();
  const underway = new Set<Promise<void>>();
  let known = 0;
  for (const journey of journeys) {
    const { mode } = journey;
    const start = startOf(times, journey.from, mode);
    const to = placeKey(journey.to);
    const asked = start.underway.get(to);
    if (start.seconds.has(to)) known++;
    else if (asked !== undefined) underway.add(asked);
    else if (!start.isExhausted) {
      const from = placeKey(journey.from);
      wanted.set(`${from}|${to}|${mode}`, { from, to, mode, start, journey });
    }
  }
  if (known > 0) journeysAsked.inc({ source: 'memory' }, known);
  return { wanted: [...wanted.values()], underway: [...underway] };
}

/** Never rejects. Goes on after the deadline: what it learns is there for the next turn. */
function fetchAll(times: Times, wanted: readonly Wanted[]): Promise<void> {
  const done = lookUp(times, wanted).finally(() => {
    for (const { start, to } of wanted) start.underway.delete(to);
  });
  for (const { start, to } of wanted) start.underway.set(to, done);
  return done;
}

async function lookUp(times: Times, wanted: readonly Wanted[]): Promise<void> {
  const missing = await readStore(times, wanted);
  const { engine } = times.options;
  if (engine === null) return;
  await Promise.all(grouped(missing).map((group) => inLane(times, () => measure(times, engine, group))));
}

/** @returns what the table does not hold */
async function readStore(times: Times, wanted: readonly Wanted[]): Promise<readonly Wanted[]> {
  try {
    remember(times, await times.options.store.read(wanted), 'table');
    // Only engines write the table: without one it is read once for a place, not at each post.
    if (times.options.engine === null) for (const { start } of wanted) start.isExhausted = true;
  } catch {
    storeFailures.inc({ operation: 'read' });
  }
  return wanted.filter(({ start, to }) => !start.seconds.has(to));
}

function remember(times: Times, found: readonly KnownTime[], source: string): void {
  for (const { from, to, mode, seconds } of found)
    times.departures.get(from)?.[mode]?.seconds.set(to, seconds ?? Number.NaN);
  if (found.length > 0) journeysAsked.inc({ source }, found.length);
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
    else learn(times, group, answer.seconds);
  } catch {
    journeysAsked.inc({ source: 'none' }, group.length);
  }
}

function questionOf(first: Wanted, group: readonly Wanted[]): MatrixQuestion {
  const from: Place = first.journey.from;
  return { from, to: group.map((each) => each.journey.to), mode: first.mode };
}

/** What was measured serves this turn from memory; the table is written beside it. */
function learn(times: Times, group: readonly Wanted[], seconds: readonly (number | null)[]): void {
  const found = group.map(({ from, to, mode }, i) => ({ from, to, mode, seconds: seconds[i] ?? null }));
  remember(times, found, 'engine');
  times.options.store.keep(found).catch(() => storeFailures.inc({ operation: 'write' }));
}
