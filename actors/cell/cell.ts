/**
 * One cell: a queue of turns in process, a cache of its rows, a shell around `decide`.
 * Dapr may run a call twice, at once, or on two hosts; so turns are serialised here, ids are unique rows in PostgreSQL,
 * and the epoch fence there has the last word on who owns the cell.
 */
import { lotIdOfCommand, type Command } from '#core/lots/command.ts';
import type { Policy } from '#core/lots/policy.ts';
import { cellOf, type CellToken } from '#core/words/ids.ts';
import { attemptTurn, type Owned, type World } from './attempt.ts';
import { MAX_BATCH, MOVED, type CellAnswer, type TurnRequest } from './contract.ts';
import { seekingOf } from './facts.ts';
import { isWithin } from './isWithin.ts';
import { createLately } from './lately.ts';
import type { Candidates, CellPorts, CommandTrace, KeptAnswer, Traces } from './ports.ts';
import { createOpenLots, createShelf, type Shelf } from './openLots.ts';
import { createRecentAnswers, type RecentAnswers } from './recentAnswers.ts';
import { UNTRACED, type TraceOf } from './traces.ts';
import { createUnderway } from './underway.ts';
import { createWarmer } from './warmer.ts';

/**
 * Fenced once, the cell may have been elsewhere and come back (a sidecar died and was started again): it is taken at once.
 * Fenced again within this time, another live host is asked too: taking it at once would fence that one in turn.
 */
const FENCED_AGAIN_MS = 10_000;
const FENCED_PAUSE_MS = 2_000;
/** Late, or with repeats to leave out: so many attempts, then the callers ask again. */
const MAX_ATTEMPTS = 3;
/**
 * Posts that wait for their turn at most, and everything that does. Three turns' worth: callers give up after a second. Answers and what
 * is due find room when posts no longer do.
 */
export const MAX_WAITING_POSTS = 300;
export const MAX_WAITING = 2 * MAX_WAITING_POSTS;
const BUSY: CellAnswer = { busy: true };

/** One per command; null: none at all. */
type Traceparents = TurnRequest['traceparents'] | null;

export interface Cell {
  readonly token: CellToken;
  /**
   * One answer per command, in the order asked.
   * @param mayTake the cell was called by its name, so Dapr has placed it here: if it is not owned, it may be taken
   */
  turn(commands: readonly Command[], traceparents: Traceparents, mayTake?: boolean): Promise<readonly CellAnswer[]>;
  /** Resolves when no turn is under way, or about to be. */
  idle(): Promise<void>;
  /** As far as is known here; PostgreSQL has the last word. */
  isOwned(): boolean;
  load(): CellLoad;
}

export interface CellLoad {
  /** commands that wait for a turn */
  readonly waiting: number;
  /** how long its turns have taken, and what was in them, since it was made */
  readonly busyMs: number;
  readonly commands: number;
}

export interface CellHooks {
  readonly wrote: World['hooks']['wrote'];
  readonly activated: () => void;
  readonly fenced: () => void;
  readonly turned: (size: number, waitedMs: number) => void;
  readonly failed: (error: unknown) => void;
  /** 0 to 1: spreads the pauses of hosts that were fenced */
  readonly random: () => number;
}

interface Waiting {
  readonly command: Command;
  readonly trace: CommandTrace;
  readonly queuedAtMs: number;
  readonly mayTake: boolean;
  readonly answer: (answer: CellAnswer) => void;
}

/** Answers by command id; a command without one has moved. */
type Answers = Map<string, CellAnswer>;

interface CellState {
  readonly token: CellToken;
  readonly ports: CellPorts;
  readonly policy: Policy;
  readonly hooks: CellHooks;
  readonly recent: RecentAnswers;
  readonly nearLately: Candidates['near'];
  readonly traces: Traces;
  readonly shelf: Shelf;
  owned: Owned | null;
  /** when it was refused last; long ago: never */
  fencedAtMs: number;
  /** how long it leaves the cell alone since then */
  fencedForMs: number;
}

export function createCell(
  token: CellToken,
  ports: CellPorts,
  policy: Policy,
  hooks: CellHooks,
  shelf: Shelf = createShelf(),
): Cell {
  const state: CellState = {
    token,
    ports,
    policy,
    hooks,
    recent: createRecentAnswers(ports.clock.nowMs),
    nearLately: createLately(ports),
    traces: ports.traces ?? UNTRACED,
    shelf,
    owned: null,
    fencedAtMs: Number.NEGATIVE_INFINITY,
    fencedForMs: 0,
  };
  const warm = createWarmer(ports, state.nearLately);
  const queue: Waiting[] = [];
  const underway = createUnderway();
  let isRunning = false;
  let busyMs = 0;
  let taken = 0;

  async function turn(
    commands: readonly Command[],
    traceparents: Traceparents,
    mayTake: boolean,
  ): Promise<readonly CellAnswer[]> {
    const begun = commands.map((command, n) => beginTrace(state, command, traceparents?.[n] ?? null));
    await state.traces.during(begun, () => warm(seekingOf(commands, state.owned?.lots ?? new Map(), policy)));
    const queuedAtMs = ports.clock.nowMs();
    const asked = begun.map((trace, n) => ({ command: commands[n] as Command, trace, queuedAtMs, mayTake }));
    const answers = asked.map((each) => waitFor(queue, each));
    if (!isRunning) void drain();
    return await Promise.all(answers);
  }

  async function drain(): Promise<void> {
    isRunning = true;
    while (queue.length > 0) {
      const batch = nextBatch(queue);
      const startedAtMs = ports.clock.nowMs();
      hooks.turned(batch.length, startedAtMs - (batch[0]?.queuedAtMs ?? 0));
      const traces = batch.map(({ trace }) => trace);
      await state.traces.during(traces, () => runBatch(state, batch));
      busyMs += ports.clock.nowMs() - startedAtMs;
      taken += batch.length;
    }
    isRunning = false;
  }

  return {
    token,
    turn: (commands, traceparents, mayTake = true) => underway.track(turn(commands, traceparents, mayTake)),
    idle: underway.idle,
    isOwned: () => state.owned !== null,
    load: () => ({ waiting: queue.length, busyMs, commands: taken }),
  };
}

/** Where nobody called, a lot's next step goes on in the trace of its last one. */
function beginTrace({ traces, owned }: CellState, command: Command, traceparent: string | null): CommandTrace {
  return traces.begin(command, traceparent, owned?.lots.traceOf(lotIdOfCommand(command)) ?? null);
}

/** Into the queue, or away from it at once. */
function waitFor(queue: Waiting[], asked: Omit<Waiting, 'answer'>): Promise<CellAnswer> {
  return new Promise((resolve) => {
    const answer = (given: CellAnswer): void => {
      asked.trace.end(given);
      resolve(given);
    };
    if (isFull(queue, asked.command)) answer(BUSY);
    else queue.push({ ...asked, answer });
  });
}

function isFull(queue: readonly Waiting[], { kind }: Command): boolean {
  return queue.length >= (kind === 'post' ? MAX_WAITING_POSTS : MAX_WAITING);
}

/** Posts wait behind what finishes what was begun; each sort keeps its order. */
function answersFirst(queue: Waiting[]): void {
  const rank = ({ command }: Waiting): number => (command.kind === 'post' ? 1 : 0);
  queue.sort((one, other) => rank(one) - rank(other));
}

/**
 * Takes the next batch off the queue. Of two requests under one id the later one waits for the next turn: then the row of
 * the first says which of them took effect; within one turn the earlier copy would speak for both.
 */
function nextBatch(queue: Waiting[]): Waiting[] {
  const fingerprints = new Map<string, string | null>();
  const batch: Waiting[] = [];
  const later: Waiting[] = [];
  if (queue.length > MAX_BATCH) answersFirst(queue);
  for (const waiting of queue.splice(0, MAX_BATCH)) {
    const { id, fingerprint } = waiting.command;
    const first = fingerprints.get(id);
    if (first === undefined) fingerprints.set(id, fingerprint);
    (first === undefined || first === fingerprint ? batch : later).push(waiting);
  }
  queue.unshift(...later);
  return batch;
}

/** Repeats get the first answer; whatever goes wrong, everybody who waits is answered. */
async function runBatch(state: CellState, batch: readonly Waiting[]): Promise<void> {
  const answers: Answers = new Map();
  const fresh = new Map<string, Command>();
  for (const { command } of batch) {
    const kept = state.recent.get(command.id);
    if (cellOf(lotIdOfCommand(command)) !== state.token) {
      answers.set(command.id, { ok: false, refused: 'not-found', detail: 'The lot belongs to another cell.' });
    } else if (kept !== null) answers.set(command.id, kept);
    else if (!fresh.has(command.id)) fresh.set(command.id, command);
  }
  try {
    const traceOf = new Map(batch.map(({ command, trace }) => [command.id, trace.traceparent]));
    // Taken away meanwhile, it is taken again only for somebody whom Dapr has sent here.
    if (state.owned !== null || batch.some(({ mayTake }) => mayTake))
      await runCommands(state, [...fresh.values()], traceOf, answers);
  } catch (error) {
    // Written or not, we can't tell: forget the cache, and let the callers ask again under the same ids.
    state.owned = null;
    state.hooks.failed(error);
  }
  for (const { command, answer } of batch) answer(checked(fresh, state, command, answers.get(command.id) ?? MOVED));
}

/** The answer for this copy of a command: another fingerprint under the same id is a reused key. */
function checked(fresh: Map<string, Command>, state: CellState, command: Command, answer: CellAnswer): CellAnswer {
  const first = fresh.has(command.id) ? fresh.get(command.id)?.fingerprint : state.recent.fingerprintOf(command.id);
  return first === undefined || first === command.fingerprint ? answer : keyReuse();
}

function keyReuse(): CellAnswer {
  return { ok: false, refused: 'key-reuse', detail: 'This key was used with another request.' };
}

async function own(state: CellState): Promise<Owned | null> {
  if (state.owned !== null) return state.owned;
  if (isWithin(state.fencedForMs, state.fencedAtMs, state.ports.clock.nowMs())) return null;
  const { epoch, lots } = await state.ports.store.activate(state.token);
  state.hooks.activated();
  state.recent.clear();
  state.owned = { token: state.token, epoch, lots: createOpenLots(lots, state.shelf) };
  return state.owned;
}

function beFenced(state: CellState): void {
  const nowMs = state.ports.clock.nowMs();
  const isAgain = isWithin(FENCED_AGAIN_MS, state.fencedAtMs, nowMs);
  state.owned = null;
  state.fencedAtMs = nowMs;
  state.fencedForMs = isAgain ? FENCED_PAUSE_MS * (1 + state.hooks.random() / 2) : 0;
  state.hooks.fenced();
}

/** Fills `answers`; commands left without one have moved. */
async function runCommands(state: CellState, commands: Command[], traceOf: TraceOf, answers: Answers): Promise<void> {
  let rest = commands;
  for (let attempt = 0; attempt < MAX_ATTEMPTS && rest.length > 0; attempt++) {
    const owned = await own(state);
    if (owned === null) return;
    const outcome = await attemptTurn(owned, rest, traceOf, state);
    if (outcome.done) {
      for (const command of rest) keep(state, command, outcome.answers.get(command.id) ?? MOVED, answers);
      return;
    }
    if (outcome.because === 'fenced') return beFenced(state);
    if (outcome.because === 'culprit') return await halve(state, rest, traceOf, answers, outcome.message);
    // The first time it may have been our clock; the store has asked for the time since.
    if (outcome.because === 'early' && attempt > 0)
      return await halve(state, rest, traceOf, answers, 'a step before its time');
    if (outcome.because === 'repeated') rest = answerRepeats(state, rest, outcome.kept, answers);
  }
}

function keep(state: CellState, command: Command, answer: CellAnswer, answers: Answers): void {
  answers.set(command.id, answer);
  if ('ok' in answer && command.fingerprint !== null) state.recent.put(command, answer);
}

/** A data error: the batch is halved until the culprit stands alone; it never fails its neighbours. */
async function halve(
  state: CellState,
  commands: Command[],
  traceOf: TraceOf,
  answers: Answers,
  message: string,
): Promise<void> {
  const [culprit] = commands;
  if (commands.length === 1 && culprit !== undefined) {
    state.hooks.failed(new Error(`poisoned ${culprit.kind}: ${message}`));
    answers.set(culprit.id, { ok: false, refused: 'poisoned', detail: 'The command cannot be stored.' });
    return;
  }
  const middle = Math.ceil(commands.length / 2);
  await runCommands(state, commands.slice(0, middle), traceOf, answers);
  await runCommands(state, commands.slice(middle), traceOf, answers);
}

/** What was done before is answered from its row; the rest goes on. */
function answerRepeats(
  state: CellState,
  commands: Command[],
  kept: readonly KeptAnswer[],
  answers: Answers,
): Command[] {
  const byId = new Map(kept.map((each) => [each.commandId, each]));
  for (const command of commands) {
    const row = byId.get(command.id);
    if (row === undefined) continue;
    if (row.fingerprint !== command.fingerprint) answers.set(command.id, keyReuse());
    else if (row.answer !== null) keep(state, command, row.answer, answers);
    else if (row.elsewhere !== null) answers.set(command.id, { elsewhere: row.elsewhere });
  }
  return commands.filter((command) => !byId.has(command.id));
}
