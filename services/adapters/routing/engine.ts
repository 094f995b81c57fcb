import type { Place, TravelMode } from '#core/geo/distance.ts';
import { createBreaker } from '../breaker/breaker.ts';
import { breakerState, engineSeconds } from './metrics.ts';

/** The time from one place to each of several. */
export interface MatrixQuestion {
  readonly from: Place;
  readonly to: readonly Place[];
  readonly mode: TravelMode;
}

/**
 * Seconds to each target, in order; null: there is no road between the two. `roadless`: the engine knows no road around
 * `from` at all.
 */
export type MatrixAnswer = { readonly seconds: readonly (number | null)[] } | { readonly roadless: true };

export interface RoutingEngine {
  /** @throws Error when the engine fails, does not answer in time, refuses the question, or its breaker is open */
  ask(question: MatrixQuestion): Promise<MatrixAnswer>;
  stop(): void;
}

export interface EngineOptions {
  readonly url: string;
  /** of one question; it is given up then, and counts as a failure */
  readonly timeoutMs?: number;
  readonly resetMs?: number;
}

const FAILURES_TO_OPEN = 3;
/** A place further than this from any road is not on the engine's map: without it Valhalla takes a road 35 km away. */
const SNAP_METERS = 500;
/** No road near a place (171), places not connected (170), further apart than it plans (154): answers, not failures. */
const NO_ROAD_CODES: readonly unknown[] = [154, 170, 171];

type Reply = { readonly seconds: readonly (number | null)[] } | 'no-road';

/** Valhalla's matrix behind a breaker: it opens after 3 failures in a row and tries again after 10 s. */
export function createRoutingEngine({ url, timeoutMs = 500, resetMs = 10_000 }: EngineOptions): RoutingEngine {
  const address = new URL('/sources_to_targets', url);
  const breaker = createBreaker((question: MatrixQuestion) => timed(() => post(address, question, timeoutMs)), {
    failures: FAILURES_TO_OPEN,
    resetMs,
    state: breakerState,
  });
  return { ask: (question) => answerOf((part) => breaker.fire(part), question), stop: () => breaker.shutdown() };
}

type Ask = (question: MatrixQuestion) => Promise<Reply>;

/** One place without a road spoils a whole matrix: first it is seen whether that is the start, then the targets are halved. */
async function answerOf(ask: Ask, question: MatrixQuestion): Promise<MatrixAnswer> {
  const reply = await ask(question);
  if (reply !== 'no-road') return reply;
  const itself = await ask({ ...question, to: [question.from] });
  if (itself === 'no-road') return { roadless: true };
  return { seconds: await halved(ask, question) };
}

/** The seconds of a question that was refused as a whole. */
async function halved(ask: Ask, question: MatrixQuestion): Promise<(number | null)[]> {
  if (question.to.length <= 1) return question.to.map(() => null);
  const middle = Math.ceil(question.to.length / 2);
  const seconds: (number | null)[] = [];
  for (const to of [question.to.slice(0, middle), question.to.slice(middle)]) {
    const half = { ...question, to };
    const reply = await ask(half);
    seconds.push(...(reply === 'no-road' ? await halved(ask, half) : reply.seconds));
  }
  return seconds;
}

async function post(address: URL, question: MatrixQuestion, timeoutMs: number): Promise<Reply> {
  const place = ({ lat, lon }: Place): object => ({ lat, lon, search_cutoff: SNAP_METERS });
  const body = {
    sources: [place(question.from)],
    targets: question.to.map(place),
    costing: question.mode,
    verbose: false,
  };
  const response = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const answer: unknown = await response.json();
  if (response.ok) return { seconds: secondsOf(answer, question.to.length) };
  if (response.status === 400 && NO_ROAD_CODES.includes(field(answer, 'error_code'))) return 'no-road';
  throw new Error(`routing engine: HTTP ${String(response.status)}`);
}

/** @throws Error when the answer is not a row of so many durations: another service may listen there */
function secondsOf(answer: unknown, count: number): (number | null)[] {
  const durations = field(field(answer, 'sources_to_targets'), 'durations');
  const row: unknown = Array.isArray(durations) ? durations[0] : undefined;
  if (!Array.isArray(row) || row.length !== count) throw new Error('routing engine: not a matrix');
  return row.map((value) => (typeof value === 'number' && value >= 0 ? Math.round(value) : null));
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

async function timed(action: () => Promise<Reply>): Promise<Reply> {
  const stopwatch = engineSeconds.startTimer();
  try {
    const reply = await action();
    stopwatch({ outcome: reply === 'no-road' ? 'no-road' : 'answered' });
    return reply;
  } catch (error) {
    stopwatch({ outcome: 'failed' });
    throw error;
  }
}
