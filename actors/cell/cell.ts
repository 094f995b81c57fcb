/**
 * One cell: a queue of turns in process, a cache of its rows, a shell around `decide`.
 * Dapr may run a call twice, at once, or on two hosts; so turns are serialised here, ids are unique rows in PostgreSQL,
 * and the epoch fence there has the last word on who owns the cell.
 */
import { regionOf } from '#core/geo/cell.ts';
import { isAnswerKept, lotIdOfCommand, type Answer, type Command } from '#core/lots/command.ts';
import { decide, type Decision } from '#core/lots/decide.ts';
import { isEnd, type Lot } from '#core/lots/lot.ts';
import type { Policy } from '#core/lots/policy.ts';
import type { CellToken, LotId } from '#core/words/ids.ts';
import { cellOf } from '#core/words/ids.ts';
import { giveBack, reserve, settle, type Held } from './capacity.ts';
import { MAX_BATCH, type CellAnswer } from './contract.ts';
import { gatherFacts, seekingOf } from './facts.ts';
import type { CellPorts, KeptAnswer } from './ports.ts';
import { createRecentAnswers } from './recentAnswers.ts';
import { createWarmer } from './warmer.ts';

/** A turn's write is refused after this, so that its capacity tokens may be swept. */
export const NOT_AFTER_MS = 2_000;
/** Fenced: another host owns the cell; activating it here at once would fence that one in turn. */
const FENCED_PAUSE_MS = 2_000;
/** A reservation lost to another cell: decide again with fresh counters, so often. */
const MAX_ROUNDS = 3;
/** Child lots a turn may create: each command at most one, and as many again for offers that only take a part. */
const SPARE_IDS_PER_COMMAND = 2;

const MOVED: CellAnswer = { moved: true };

export interface Cell {
  /** One answer per command, in the order asked. */
  turn(commands: readonly Command[], traceparent: string | null): Promise<readonly CellAnswer[]>;
  /** Resolves when no turn is under way. */
  idle(): Promise<void>;
}

export interface CellHooks {
  readonly fenced: () => void;
  readonly turned: (size: number, waitedMs: number) => void;
  readonly failed: (error: unknown) => void;
  readonly random: () => number;
}

interface Waiting {
  readonly command: Command;
  readonly traceparent: string | null;
  readonly queuedAtMs: number;
  readonly answer: (answer: CellAnswer) => void;
}

interface Owned {
  readonly epoch: string;
  readonly lots: Map<LotId, Lot>;
}

export function createCell(token: CellToken, ports: CellPorts, policy: Policy, hooks: CellHooks): Cell {
  const region = regionOf(token, policy.regionLevel);
  const recent = createRecentAnswers();
  const warm = createWarmer(ports);
  const queue: Waiting[] = [];
  let owned: Owned | null = null;
  let fencedUntilMs = 0;
  let running: Promise<void> | null = null;

  async function turn(commands: readonly Command[], traceparent: string | null): Promise<readonly CellAnswer[]> {
    await warm(seekingOf(commands, owned?.lots ?? new Map(), policy));
    const answers = commands.map(
      (command) =>
        new Promise<CellAnswer>((answer) => {
          queue.push({ command, traceparent, queuedAtMs: ports.clock.nowMs(), answer });
        }),
    );
    running ??= drain();
    return await Promise.all(answers);
  }

  async function drain(): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.splice(0, MAX_BATCH);
      hooks.turned(batch.length, ports.clock.nowMs() - (batch[0]?.queuedAtMs ?? 0));
      await runBatch(batch);
    }
    running = null;
  }

  /** Repeats get the first answer; whatever goes wrong, everybody who waits is answered. */
  async function runBatch(batch: readonly Waiting[]): Promise<void> {
    const answers = new Map<string, CellAnswer>();
    const fresh = new Map<string, Command>();
    for (const { command } of batch) {
      if (cellOf(lotIdOfCommand(command)) !== token) {
        answers.set(command.id, { ok: false, refused: 'not-found', detail: 'The lot belongs to another cell.' });
      } else if (!fresh.has(command.id)) {
        const kept = recent.get(command.id);
        if (kept === null) fresh.set(command.id, command);
        else answers.set(command.id, kept);
      }
    }
    try {
      await runCommands([...fresh.values()], batch[0]?.traceparent ?? null, answers);
    } catch (error) {
      // Written or not, we can't tell: forget the cache, and let the callers ask again under the same ids.
      owned = null;
      hooks.failed(error);
    }
    for (const { command, answer } of batch) answer(recent.check(command, answers.get(command.id) ?? MOVED));
  }

  async function own(): Promise<Owned | null> {
    if (owned !== null) return owned;
    if (ports.clock.nowMs() < fencedUntilMs) return null;
    const { epoch, lots } = await ports.store.activate(token);
    recent.clear();
    owned = { epoch, lots: new Map(lots.map((lot) => [lot.id, lot])) };
    return owned;
  }

  function beFenced(): void {
    owned = null;
    fencedUntilMs = ports.clock.nowMs() + FENCED_PAUSE_MS * (1 + hooks.random() / 2);
    hooks.fenced();
  }

  /** Fills `answers`; commands left without one have moved. */
  async function runCommands(commands: Command[], traceparent: string | null, answers: Map<string, CellAnswer>): Promise<void> {
    let rest = commands;
    for (let attempt = 0; attempt < MAX_ROUNDS && rest.length > 0; attempt++) {
      const cell = await own();
      if (cell === null) return;
      const outcome = await attemptTurn(cell, rest, traceparent);
      if (outcome.done) {
        for (const command of rest) keep(command, outcome.answers.get(command.id) ?? MOVED, answers);
        return;
      }
      if (outcome.because === 'fenced') return;
      if (outcome.because === 'culprit') {
        await halve(rest, traceparent, answers, outcome.message);
        return;
      }
      if (outcome.because === 'repeated') rest = answerRepeats(rest, outcome.kept, answers);
    }
  }

  function keep(command: Command, answer: CellAnswer, answers: Map<string, CellAnswer>): void {
    answers.set(command.id, answer);
    if ('ok' in answer && isAnswerKept(command)) recent.put(command, answer);
  }

  /** A data error: the batch is halved until the culprit stands alone; it never fails its neighbours. */
  async function halve(commands: Command[], traceparent: string | null, answers: Map<string, CellAnswer>, message: string): Promise<void> {
    const [culprit] = commands;
    if (commands.length === 1 && culprit !== undefined) {
      hooks.failed(new Error(`poisoned ${culprit.kind}: ${message}`));
      answers.set(culprit.id, { ok: false, refused: 'poisoned', detail: 'The command cannot be stored.' });
      return;
    }
    const middle = Math.ceil(commands.length / 2);
    await runCommands(commands.slice(0, middle), traceparent, answers);
    await runCommands(commands.slice(middle), traceparent, answers);
  }

  function answerRepeats(commands: Command[], kept: readonly KeptAnswer[], answers: Map<string, CellAnswer>): Command[] {
    const byId = new Map(kept.map((each) => [each.commandId, each]));
    for (const command of commands) {
      const row = byId.get(command.id);
      if (row === undefined) continue;
      if (row.fingerprint !== command.fingerprint) {
        answers.set(command.id, { ok: false, refused: 'key-reuse', detail: 'This key was used with another request.' });
      } else if (row.answer !== null) keep(command, row.answer, answers);
      else if (row.elsewhere !== null) answers.set(command.id, { elsewhere: row.elsewhere });
    }
    return commands.filter((command) => !byId.has(command.id));
  }

  type Outcome =
    | { done: true; answers: ReadonlyMap<string, Answer> }
    | { done: false; because: 'fenced' | 'late' }
    | { done: false; because: 'repeated'; kept: readonly KeptAnswer[] }
    | { done: false; because: 'culprit'; message: string };

  async function attemptTurn(cell: Owned, commands: readonly Command[], traceparent: string | null): Promise<Outcome> {
    const notAfterMs = ports.clock.nowMs() + NOT_AFTER_MS;
    const lots = await lotsOf(cell, commands);
    const held: Held = new Map();
    const decision = await decideWithCapacity(lots, commands, held);
    const touched = new Set(decision.changes.map(({ after }) => after.id));
    const written = await ports.store.write({
      cell: token,
      epoch: cell.epoch,
      notAfterMs,
      decidedAtMs: ports.clock.nowMs(),
      commands: commands.flatMap((command) => {
        const answer = decision.answers.get(command.id);
        const isKept = isAnswerKept(command) || touched.has(lotIdOfCommand(command));
        return answer !== undefined && isKept ? [{ command, answer }] : [];
      }),
      changes: decision.changes,
      collected: decision.collected,
      traceparent,
    });
    if (!written.wrote) {
      await giveBack(held, () => true, ports);
      if (written.because === 'fenced') beFenced();
      if (written.because === 'repeated') return { done: false, because: 'repeated', kept: written.kept };
      if (written.because === 'data') return { done: false, because: 'culprit', message: written.message };
      if (written.because === 'early') return { done: false, because: 'culprit', message: 'a step before its time' };
      return { done: false, because: written.because };
    }
    remember(cell, decision);
    if (decision.changes.length > 0) ports.hints.outbox(region);
    await settle(decision, ports);
    return { done: true, answers: decision.answers };
  }

  /** Open lots from the cache; with a person's command also the other lots of the post, ended ones included. */
  async function lotsOf(cell: Owned, commands: readonly Command[]): Promise<Map<LotId, Lot>> {
    const needed = new Set<LotId>();
    for (const command of commands) {
      const id = lotIdOfCommand(command);
      const isPersons = command.kind !== 'wake' && command.kind !== 'rematch' && command.kind !== 'fallback';
      if (command.kind !== 'post' && (isPersons || !cell.lots.has(id))) needed.add(id);
    }
    const loaded = needed.size === 0 ? [] : await ports.store.loadFamilies(token, [...needed]);
    const lots = new Map(loaded.map((lot) => [lot.id, lot]));
    for (const command of commands) {
      const cached = cell.lots.get(lotIdOfCommand(command));
      if (cached !== undefined) lots.set(cached.id, cached);
    }
    for (const lot of loaded) lots.set(lot.id, cell.lots.get(lot.id) ?? lot);
    return lots;
  }

  /** Decide, reserve; a recipient filled up meanwhile by another cell: decide again. At last without offers. */
  async function decideWithCapacity(lots: Map<LotId, Lot>, commands: readonly Command[], held: Held): Promise<Decision> {
    const seeking = seekingOf(commands, lots, policy);
    const spareIds = commands.length * SPARE_IDS_PER_COMMAND;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const facts = await gatherFacts(token, seeking, region, ports, policy, spareIds);
      const decision = decide(lots, commands, facts, ports.clock.nowMs());
      if (await reserve(decision, facts, held, ports)) return decision;
    }
    const facts = await gatherFacts(token, [], region, ports, policy, spareIds);
    const waiting = decide(lots, commands, { ...facts, candidatesFor: () => null, fallbackFor: () => null }, ports.clock.nowMs());
    await reserve(waiting, facts, held, ports);
    return waiting;
  }

  function remember(cell: Owned, decision: Decision): void {
    for (const { after } of decision.changes) {
      if (isEnd(after.state)) cell.lots.delete(after.id);
      else cell.lots.set(after.id, after);
    }
  }

  return { turn, idle: () => running ?? Promise.resolve() };
}
