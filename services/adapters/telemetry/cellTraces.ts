/** Commands, turns and what they ask of the world, as spans. A batch is one turn, and each command of it has a trace of its own. */
import {
  context,
  createContextKey,
  SpanKind,
  trace,
  type Attributes,
  type Context,
  type Span,
} from '@opentelemetry/api';
import { isBusy, isElsewhere, isMoved, type CellAnswer } from '#cell/contract.ts';
import type { CellPorts, CommandTrace, Traces } from '#cell/ports.ts';
import { lotIdOfCommand, type Command } from '#core/lots/command.ts';
import { ATTR_DB_OPERATION_NAME, ATTR_DB_SYSTEM_NAME } from './conventions.ts';
import { fail, nameOf, tracer } from './spans.ts';
import { contextOf, isRecorded, spanContextOf, traceparentOfSpan } from './traceparent.ts';
import type { RoutingEngine } from '../routing/engine.ts';

/** The spans of the commands that wait for what is done now. */
const WAITING = createContextKey('spans that wait');

/** Commands that look for who takes a lot; the others answer for an offer that was made. */
const MATCHING: ReadonlySet<Command['kind']> = new Set([
  'post',
  'rematch',
  'fallback',
  'wake',
  'replay',
  'decline',
  'release',
  'assign',
  'withdraw',
]);

interface Begun extends CommandTrace {
  /** null: this trace is not recorded */
  readonly span: Span | null;
  readonly surroundings: Context;
}

export function createCellTraces(): Traces {
  return {
    begin,
    during: (traces, work) => {
      const begun = traces as readonly Begun[];
      const spans = begun.flatMap(({ span }) => (span === null ? [] : [span]));
      // Always set: what drains the queue still runs in the surroundings of whoever came first.
      const surroundings = begun.find(({ span }) => span !== null) ?? begun[0];
      const now = (surroundings?.surroundings ?? context.active()).setValue(WAITING, spans);
      return context.with(now, work);
    },
  };
}

function begin(command: Command, traceparent: string | null, continues: string | null): Begun {
  const given = traceparent ?? continues;
  const surroundings = contextOf(given);
  if (given !== null && !isRecorded(given))
    return { traceparent: given, span: null, surroundings, end: () => undefined };
  const before = traceparent === null ? null : spanContextOf(continues);
  const attributes = { 'pahlawan.command.kind': command.kind, 'pahlawan.lot.id': lotIdOfCommand(command) };
  // An answer has a trace of its own: the link leads to the one in which the lot was offered.
  const links = before === null || before.traceId === spanContextOf(given)?.traceId ? [] : [{ context: before }];
  const name = MATCHING.has(command.kind) ? 'MatchNGO' : 'AnswerOffer';
  const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes, links }, surroundings);
  return {
    traceparent: traceparentOfSpan(span.spanContext()),
    span: span.isRecording() ? span : null,
    surroundings: trace.setSpan(surroundings, span),
    end(answer) {
      span.setAttributes(outcomeOf(answer));
      span.end();
    },
  };
}

function outcomeOf(answer: CellAnswer): Attributes {
  if (isMoved(answer)) return { 'pahlawan.outcome': 'moved' };
  if (isBusy(answer)) return { 'pahlawan.outcome': 'busy' };
  if (isElsewhere(answer)) return { 'pahlawan.outcome': 'elsewhere' };
  if (!answer.ok) return { 'pahlawan.outcome': answer.refused };
  const { surplus } = answer;
  const offer = answer.offer ?? surplus?.offer ?? null;
  return {
    'pahlawan.outcome': surplus?.state ?? 'done',
    ...(offer === null ? {} : { 'pahlawan.offer.id': offer.id, 'pahlawan.travel.source': offer.travelSource }),
  };
}

/** The ports as given; what a recorded command waits for shows in its trace. */
export function tracedPorts(ports: CellPorts): CellPorts {
  const { store, candidates } = ports;
  return {
    ...ports,
    traces: createCellTraces(),
    store: {
      ...store,
      activate: (cell) => shared('PostgresActivate', POSTGRES('activate'), () => store.activate(cell)),
      write: (turn) =>
        shared(
          'PostgresInsert',
          { ...POSTGRES('write_turns'), 'pahlawan.turn.commands': turn.commands.length },
          () => store.write(turn),
          (outcome) => ({ 'pahlawan.write': outcome.wrote ? 'wrote' : outcome.because }),
        ),
    },
    candidates: {
      ...candidates,
      near: (searches) =>
        shared(
          'RedisGeoQuery',
          { ...REDIS('near'), 'pahlawan.searches': searches.length },
          () => candidates.near(searches),
          (lists) =>
            lists === null
              ? { 'pahlawan.redis.ready': false }
              : { 'pahlawan.candidates': lists.reduce((sum, list) => sum + list.length, 0) },
        ),
      reserve: (asked) => shared('RedisReserve', REDIS('reserve'), () => candidates.reserve(asked)),
    },
  };
}

/** Only what really goes to the engine: a known journey makes no span. */
export function tracedEngine(engine: RoutingEngine): RoutingEngine {
  return {
    ...engine,
    ask: (question) =>
      shared('RoutingAPI', { 'pahlawan.travel.mode': question.mode, 'pahlawan.journeys': question.to.length }, () =>
        engine.ask(question),
      ),
  };
}

const POSTGRES = (operation: string): Attributes => ({
  [ATTR_DB_SYSTEM_NAME]: 'postgresql',
  [ATTR_DB_OPERATION_NAME]: operation,
});
const REDIS = (operation: string): Attributes => ({
  [ATTR_DB_SYSTEM_NAME]: 'redis',
  [ATTR_DB_OPERATION_NAME]: operation,
});

/** One piece of work, a span in the trace of each command that waits for it; the others' link to the first's. */
async function shared<Result>(
  name: string,
  attributes: Attributes,
  work: () => Promise<Result>,
  describe?: (result: Result) => Attributes,
): Promise<Result> {
  const waiting = (context.active().getValue(WAITING) ?? []) as readonly Span[];
  if (waiting.length === 0) return await work();
  const spans = startTogether(name, attributes, waiting);
  try {
    const result = await work();
    if (describe !== undefined) for (const span of spans) span.setAttributes(describe(result));
    return result;
  } catch (error) {
    for (const span of spans) fail(span, nameOf(error));
    throw error;
  } finally {
    for (const span of spans) span.end();
  }
}

function startTogether(name: string, attributes: Attributes, waiting: readonly Span[]): Span[] {
  const spans: Span[] = [];
  for (const parent of waiting) {
    const first = spans[0];
    const links = first === undefined ? [] : [{ context: first.spanContext() }];
    const within = trace.setSpan(context.active(), parent);
    spans.push(tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes, links }, within));
  }
  return spans;
}
