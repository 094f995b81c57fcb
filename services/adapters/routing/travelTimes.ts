import { AsyncLocalStorage } from 'node:async_hooks';
import type { Journey, TravelTime, TravelTimes } from '#cell/ports.ts';
import { estimateTravelSeconds, placeKey, type Place } from '#core/geo/distance.ts';
import { withinMs } from '../timing/withinMs.ts';
import type { MatrixQuestion, RoutingEngine } from './engine.ts';
import { journeysAsked, storeFailures } from './metrics.ts';
import { recentlyUsed, type RecentlyUsed } from './recentlyUsed.ts';
import type { JourneyKey, KnownTime, TravelStore } from './travelStore.ts';

export interface TravelTimesOptions {
  readonly store: TravelStore;
  /** null: no routing engine, all is estimated */
  readonly engine: RoutingEngine | null;
  readonly maxEntries?: number;
  /** how long `warm` waits; what comes later is there for the next turn */
  readonly deadlineMs?: number;
}

/** Valhalla runs as many threads; more questions at once only queue there and time out. */
const LANES = 4;
/** Questions that may wait for a lane; beyond, estimates are better than a backlog. */
const MAX_WAITING = 1_000;

/** A journey on its way to an answer. */
interface Wanted extends JourneyKey {
  readonly key: string;
  readonly journey: Journey;
}

interface Times {
  readonly options: TravelTimesOptions;
  /** seconds by journey; NaN: no road between the two */
  readonly known: RecentlyUsed<number>;
  /** places (and modes) of which nothing more is to be learned: the engine's map does not reach them, or there is no engine */
  readonly roadless: RecentlyUsed<true>;
  /** journeys that are being asked for; settles when there is an answer, or none is to be had */
  readonly underway: Map<string, Promise<void>>;
  readonly waiting: (() => Promise<void>)[];
  lastFrom: { readonly place: Place; readonly key: string } | null;
  lanes: number;
}

/** Travel times between fixed places: memory, then the table, then the routing engine; an estimate when none knows. */
export function createTravelTimes(options: TravelTimesOptions): TravelTimes {
  const times: Times = {
    options,
    known: recentlyUsed(options.maxEntries ?? 200_000),
    roadless: recentlyUsed(50_000),
    underway: new Map(),
    waiting: [],
    lastFrom: null,
    lanes: 0,
  };
  return { warm: (journeys) => warm(times, journeys), of: (journey) => timeOf(times, journey) };
}

function timeOf(times: Times, { from, to, mode }: Journey): TravelTime {
  const seconds = times.known.get(keyOf(startKey(times, from), placeKey(to), mode));
  return seconds === undefined || Number.isNaN(seconds)
    ? { travelSeconds: estimateTravelSeconds(from, to, mode), travelSource: 'estimate' }
    : { travelSeconds: seconds, travelSource: 'route' };
}

/** One lot looks at many recipients, one after the other. */
function startKey(times: Times, from: Place): string {
  if (times.lastFrom?.place !== from) times.lastFrom = { place: from, key: placeKey(from) };
  return times.lastFrom.key;
}

function keyOf(from: string, to: string, mode: string): string {
  return `${from}|${to}|${mode}`;
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
  return times.known.has(keyOf(placeKey(from), placeKey(to), mode)) || times.roadless.has(`${placeKey(from)}|${mode}`);
}

function unknownOf(times: Times, journeys: readonly Journey[]): { wanted: Wanted[]; underway: Promise<void>[] } {
  const wanted = new Map<string, Wanted>();
  const underway = new Set<Promise<void>>();
  for (const journey of journeys) {
    const { mode } = journey;
    const [from, to] = [startKey(times, journey.from), placeKey(journey.to)];
    const key = keyOf(from, to, mode);
    const asked = times.underway.get(key);
    if (times.known.has(key)) journeysAsked.inc({ source: 'memory' });
    else if (asked !== undefined) underway.add(asked);
    else if (!times.roadless.has(`${from}|${mode}`)) wanted.set(key, { key, from, to, mode, journey });
  }
  return { wanted: [...wanted.values()], underway: [...underway] };
}

/** Never rejects. Goes on after the deadline: what it learns is there for the next turn. */
function fetchAll(times: Times, wanted: readonly Wanted[]): Promise<void> {
  const done = lookUp(times, wanted).finally(() => {
    for (const each of wanted) times.underway.delete(each.key);
  });
  for (const each of wanted) times.underway.set(each.key, done);
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
    if (times.options.engine === null) for (const { from, mode } of wanted) times.roadless.set(`${from}|${mode}`, true);
  } catch {
    storeFailures.inc({ operation: 'read' });
  }
  return wanted.filter((each) => !times.known.has(each.key));
}

function remember(times: Times, found: readonly KnownTime[], source: string): void {
  for (const each of found) times.known.set(keyOf(each.from, each.to, each.mode), each.seconds ?? Number.NaN);
  if (found.length > 0) journeysAsked.inc({ source }, found.length);
}

/** One question per start and mode. */
function grouped(wanted: readonly Wanted[]): Wanted[][] {
  const groups = new Map<string, Wanted[]>();
  for (const each of wanted) {
    const key = `${each.from}|${each.mode}`;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()];
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
    if ('roadless' in answer) times.roadless.set(`${first.from}|${first.mode}`, true);
    else
      learn(
        times,
        group.map(({ from, to, mode }, i) => ({ from, to, mode, seconds: answer.seconds[i] ?? null })),
      );
  } catch {
    journeysAsked.inc({ source: 'none' }, group.length);
  }
}

function questionOf(first: Wanted, group: readonly Wanted[]): MatrixQuestion {
  const from: Place = first.journey.from;
  return { from, to: group.map((each) => each.journey.to), mode: first.mode };
}

/** What was measured serves this turn from memory; the table is written beside it. */
function learn(times: Times, found: readonly KnownTime[]): void {
  remember(times, found, 'engine');
  times.options.store.keep(found).catch(() => storeFailures.inc({ operation: 'write' }));
}
