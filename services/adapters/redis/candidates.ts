import type { Candidates, Clock, Named, Near, Reservation, Search } from '#cell/ports.ts';
import type { Place } from '#core/geo/distance.ts';
import type { Token } from '#core/lots/tokens.ts';
import type { Collected } from '#core/lots/turn.ts';
import type { RedisConnection } from './connection.ts';
import { askTogether } from '../batching/askTogether.ts';
import { createBreaker } from '../breaker/breaker.ts';
import { createCounterCache, wordsOf, type CounterCache } from './counters.ts';
import { createFactCache, type FactCache } from './facts.ts';
import { keysOf, type Keys } from './keys.ts';
import { breakerState, unavailable } from './metrics.ts';
import { nearOf, oldestDay, weeksAt } from './near.ts';
import { run, type Script } from './script.ts';
import { COLLECTED, FREE, NAMED, NEAR, RESERVE, SHRINK, WITHDRAW } from './scripts.ts';

/** The food bank of last resort may be this far. */
const FALLBACK_RADIUS_METERS = 300_000;
/** How many of the nearest are looked at: one for each of these metres of radius, so that looking further finds more. */
const METERS_PER_CANDIDATE = 250;
const MIN_CANDIDATES = 32;
/** Of one script call, so that it does not hold up the server. */
const MAX_QUESTIONS = 100;
/**
 * A silent Redis costs a question its whole timeout, and questions wait for one another: after two in a row nobody asks for
 * this long, and then one does.
 */
const TIMEOUTS_TO_OPEN = 2;
const OPEN_MS = 500;
/** Redis's GEO sets end here (Web Mercator). */
export const MAX_GEO_LATITUDE = 85.05112878;

export interface CandidatesDependencies {
  readonly redis: RedisConnection;
  readonly clock: Clock;
  /** all keys begin with it; one per deployment */
  readonly prefix: string;
}

interface Index {
  readonly redis: RedisConnection;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly facts: FactCache;
  readonly counters: CounterCache;
  /** runs a question, unless Redis has been silent lately */
  readonly patiently: (question: () => Promise<unknown>) => Promise<unknown>;
}

/** Recipients and their room, from Redis. It never throws for Redis: what has no answer is null, and counted. */
export function createCandidates({ redis, clock, prefix }: CandidatesDependencies): Candidates {
  const keys = keysOf(prefix);
  const breaker = createBreaker((question: () => Promise<unknown>) => question(), {
    failures: TIMEOUTS_TO_OPEN,
    resetMs: OPEN_MS,
    // A refusal is an answer, and comes at once; ioredis has no class for its timeout.
    isAnswer: (error) => !(error instanceof Error && error.message === 'Command timed out'),
    state: breakerState,
  });
  const index: Index = {
    redis,
    keys,
    clock,
    facts: createFactCache(redis.client, keys),
    counters: createCounterCache(),
    patiently: (question) => breaker.fire(question),
  };
  const nearTogether = together<Search, Near[]>((searches) => near(index, 'geo', searches));
  const reserveTogether = together<Reservation, boolean>((reservations) => reserve(index, reservations));
  return {
    near: nearTogether,
    fallbacks: (from) => fallbacks(index, from),
    named: (asked) => named(index, asked),
    reserve: reserveTogether,
    free: (tokens) =>
      tell(
        index,
        'free',
        FREE,
        tokens.flatMap((each) => [each.recipientId, each.offerId]),
      ),
    withdraw: async (tokens, epoch) => {
      const args = tokens.flatMap((each) => [each.recipientId, each.offerId, epoch]);
      return args.length === 0 ? 0 : Number((await ask(index, 'withdraw', WITHDRAW, args)) ?? 0);
    },
    shrink: (tokens: readonly Token[]) =>
      tell(
        index,
        'shrink',
        SHRINK,
        tokens.flatMap((each) => [each.recipientId, each.offerId, each.quantityGrams]),
      ),
    collected: (handovers: readonly Collected[]) =>
      tell(index, 'collected', COLLECTED, handovers.flatMap(collectedArguments)),
  };
}

/** The questions of cells that ask at the same time go in one script call; null: no answer for anybody. */
function together<Question, Answer>(
  ask: (questions: readonly Question[]) => Promise<Answer[] | null>,
): (questions: readonly Question[]) => Promise<Answer[] | null> {
  const askOne = askTogether<'all', Question, Answer | null>({
    maxInFlight: 1,
    maxBatch: MAX_QUESTIONS,
    run: async (_, questions) => (await ask(questions)) ?? questions.map(() => null),
  });
  return async (questions) => {
    const answers = await Promise.all(questions.map((question) => askOne('all', question)));
    return answers.every((answer) => answer !== null) ? answers : null;
  };
}

/** A handover as the script wants it: days older than a week before it are dropped. */
export function collectedArguments(
  each: Pick<Collected, 'recipientId' | 'offerId' | 'quantityGrams' | 'day'>,
): (string | number)[] {
  return [each.recipientId, each.offerId, each.quantityGrams, each.day, oldestDay(each.day)];
}

async function near(index: Index, set: 'geo' | 'fallback', searches: readonly Search[]): Promise<Near[][] | null> {
  const distinct = new Map<string, Search>();
  for (const search of searches) if (Math.abs(search.lat) <= MAX_GEO_LATITUDE) distinct.set(searchKey(search), search);
  if (distinct.size === 0) return searches.map(() => []);
  const args = [...distinct.values()].flatMap((each) => [each.lon, each.lat, each.radiusMeters, countOf(each)]);
  const found = await ask(index, 'near', NEAR, [set, ...args]);
  if (found === null) return null;
  const [generation, lists, ids, texts] = found as [string, string[], string, string];
  const counters = index.counters.of(ids, texts);
  const facts = await guarded(index, 'near', () => index.facts.of(generation, counters));
  if (facts === null) return null;
  const byKey = new Map([...distinct.keys()].map((key, i) => [key, wordsOf(lists[i] ?? '')]));
  const weekOf = weeksAt(index.clock.nowMs());
  return searches.map((search) =>
    (byKey.get(searchKey(search)) ?? [])
      .map((id) => nearOf(facts.get(id), counters.get(id), search, weekOf))
      .filter((each) => each !== undefined),
  );
}

function searchKey(search: Search): string {
  return `${String(search.lat)},${String(search.lon)},${String(search.radiusMeters)}`;
}

function countOf(search: Search): number {
  return Math.max(MIN_CANDIDATES, Math.ceil(search.radiusMeters / METERS_PER_CANDIDATE));
}

async function fallbacks(index: Index, from: Place): Promise<readonly Near[] | null> {
  const lists = await near(index, 'fallback', [{ ...from, radiusMeters: FALLBACK_RADIUS_METERS }]);
  return lists === null ? null : (lists[0] ?? []);
}

/** Counters without facts are of nobody any more. */
async function named(index: Index, asked: readonly Named[]): Promise<(Near | undefined)[] | null> {
  const found = await ask(index, 'named', NAMED, [...new Set(asked.map((each) => each.recipientId))]);
  if (found === null) return null;
  const [generation, ids, texts] = found as [string, string, string];
  const counters = new Map([...index.counters.of(ids, texts)].filter(([, fields]) => fields.has('v')));
  const facts = await guarded(index, 'named', () => index.facts.of(generation, counters));
  if (facts === null) return null;
  const weekOf = weeksAt(index.clock.nowMs());
  return asked.map((each) => nearOf(facts.get(each.recipientId), counters.get(each.recipientId), each, weekOf));
}

async function reserve(index: Index, reservations: readonly Reservation[]): Promise<boolean[] | null> {
  if (reservations.length === 0) return [];
  const args = reservations.flatMap((each) => [
    each.recipientId,
    each.offerId,
    each.quantityGrams,
    each.capacityGrams,
    each.dailyCapacityGrams,
    each.day,
    each.epoch,
  ]);
  const answers = (await ask(index, 'reserve', RESERVE, args)) as number[] | null;
  return answers === null ? null : answers.map((answer) => answer === 1);
}

async function tell(
  index: Index,
  operation: string,
  script: Script,
  args: readonly (string | number)[],
): Promise<void> {
  if (args.length > 0) await ask(index, operation, script, args);
}

/** The script's answer; null when the marker does not vouch for this server, or Redis does not answer. */
async function ask(
  index: Index,
  operation: string,
  script: Script,
  args: readonly (string | number)[],
): Promise<unknown> {
  const runId = index.redis.runId();
  if (runId === null) {
    unavailable.inc({ operation, cause: 'disconnected' });
    return null;
  }
  const answer = await guarded(index, operation, async () => ({
    value: await run(index.redis.client, script, [index.keys.marker], [runId, index.keys.root, ...args]),
  }));
  if (answer !== null && answer.value === null) unavailable.inc({ operation, cause: 'not-ready' });
  return answer?.value ?? null;
}

async function guarded<Value>(index: Index, operation: string, action: () => Promise<Value>): Promise<Value | null> {
  try {
    return (await index.patiently(action)) as Value;
  } catch (error) {
    // A late, lost or broken answer, or none asked for: the metric says so, the turn goes on without.
    const isOpen = error instanceof Error && 'code' in error && error.code === 'EOPENBREAKER';
    unavailable.inc({ operation, cause: isOpen ? 'silent' : 'error' });
    return null;
  }
}
