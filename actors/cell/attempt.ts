/** One attempt at a turn: load, decide, reserve, write, remember. */
import { regionOf } from '#core/geo/cell.ts';
import { leavesRow, lotIdOfCommand, type Answer, type Command } from '#core/lots/command.ts';
import { decide, type Decision } from '#core/lots/decide.ts';
import { isEnd, type Lot } from '#core/lots/lot.ts';
import type { Policy } from '#core/lots/policy.ts';
import type { CellToken, LotId } from '#core/words/ids.ts';
import { giveBack, giveBackLeftovers, heldGrams, reserve, settle, type Held } from './capacity.ts';
import { gatherFacts, namedOf, seekingOf } from './facts.ts';
import type { Candidates, CellPorts, KeptAnswer, TurnWrite } from './ports.ts';
import type { OpenLots } from './openLots.ts';
import { tracesOfChanges, type TraceOf } from './traces.ts';

/** A turn's write is refused after this, so that its capacity tokens may be swept. */
export const NOT_AFTER_MS = 2_000;
/** A reservation lost to another cell: decide again with fresh counters, so often. */
const MAX_ROUNDS = 3;

/** What a cell holds while it owns its rows. */
export interface Owned {
  readonly token: CellToken;
  readonly epoch: string;
  /** a cache of the rows */
  readonly lots: OpenLots;
}

/** What a turn is decided with. */
export interface World {
  readonly ports: CellPorts;
  readonly policy: Policy;
  /** candidates as read a moment ago */
  readonly nearLately: Candidates['near'];
  readonly hooks: {
    /** A turn is in PostgreSQL now. Told once, by whoever wrote it: never for a repeat, a refusal or a write nobody answered for. */
    readonly wrote: (decision: Decision, nowMs: number) => void;
  };
}

export type Outcome =
  | { readonly done: true; readonly answers: ReadonlyMap<string, Answer> }
  | { readonly done: false; readonly because: 'fenced' | 'late' | 'early' }
  | { readonly done: false; readonly because: 'repeated'; readonly kept: readonly KeptAnswer[] }
  /** some command can't be written */
  | { readonly done: false; readonly because: 'culprit'; readonly message: string };

export async function attemptTurn(
  owned: Owned,
  commands: readonly Command[],
  traceOf: TraceOf,
  world: World,
): Promise<Outcome> {
  const { ports, policy, hooks } = world;
  const notAfterMs = ports.clock.nowMs() + NOT_AFTER_MS;
  const lots = await lotsOf(owned, commands, ports);
  const held: Held = { epoch: Number(owned.epoch), tokens: new Map() };
  const decision = await decideWithCapacity(owned.token, lots, commands, held, world);
  const traceparents = tracesOfChanges(decision.changes, commands, traceOf);
  const written = await ports.store.write(turnWrite(owned, commands, decision, notAfterMs, traceparents, ports));
  if (!written.wrote) {
    await giveBack(held, () => true, ports);
    if (written.because === 'repeated') return { done: false, because: 'repeated', kept: written.kept };
    if (written.because === 'data') return { done: false, because: 'culprit', message: written.message };
    return { done: false, because: written.because };
  }
  remember(owned, decision, traceparents);
  hooks.wrote(decision, ports.clock.nowMs());
  if (decision.changes.length > 0) ports.hints.outbox(regionOf(owned.token, policy.regionLevel));
  await settle(decision, ports);
  return { done: true, answers: decision.answers };
}

/** Open lots from the cache or their rows; with a person's command also the other lots of the post, ended ones included. */
async function lotsOf(owned: Owned, commands: readonly Command[], ports: CellPorts): Promise<Map<LotId, Lot>> {
  const needed = new Set<LotId>();
  for (const command of commands) {
    const id = lotIdOfCommand(command);
    const atHand = owned.lots.get(id);
    // A post that comes again must meet its lot: taken for a new one, it would give back what the first has reserved.
    const asksForRow =
      command.kind === 'post'
        ? owned.lots.has(id) && atHand === undefined
        : atHand === undefined || !isDecidedFrom(atHand, command, ports.clock.nowMs());
    if (asksForRow) needed.add(id);
  }
  const loaded = needed.size === 0 ? [] : await ports.store.loadFamilies(owned.token, [...needed]);
  for (const lot of loaded) believe(owned, lot);
  const lots = new Map<LotId, Lot>();
  for (const lot of loaded) lots.set(lot.id, owned.lots.get(lot.id) ?? lot);
  for (const command of commands) {
    const cached = owned.lots.get(lotIdOfCommand(command));
    if (cached !== undefined) lots.set(cached.id, cached);
  }
  return lots;
}

/** The platform's own commands need no row beside the lot at hand, but a wake for which nothing is due here: the sweep woke it for what its row says. */
function isDecidedFrom({ nextActionAtMs }: Lot, { kind }: Command, nowMs: number): boolean {
  if (kind === 'wake') return (nextActionAtMs ?? 0) <= nowMs;
  return kind === 'rematch' || kind === 'fallback';
}

/** Of a lot at hand its row has the last word: PostgreSQL may have lost what was written last, to a standby that was behind or a restored backup. */
function believe({ lots }: Owned, row: Lot): void {
  const atHand = lots.get(row.id);
  if (atHand === undefined || atHand.version === row.version) return;
  if (isEnd(row.state)) lots.end(row.id);
  else lots.put(row);
}

/** Decide, reserve; a recipient filled up meanwhile by another cell: decide again. At last without offers. */
async function decideWithCapacity(
  token: CellToken,
  lots: ReadonlyMap<LotId, Lot>,
  commands: readonly Command[],
  held: Held,
  { ports, policy, nearLately }: World,
): Promise<Decision> {
  const seeking = seekingOf(commands, lots, policy);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const near = round === 0 ? nearLately : ports.candidates.near;
    const facts = await gatherFacts(token, seeking, ports, policy, near, namedOf(commands, lots), heldGrams(held));
    const decision = decide(lots, commands, facts, ports.clock.nowMs());
    if (!(await reserve(decision, facts, held, ports))) continue;
    const isLast = round === MAX_ROUNDS - 1;
    if (isLast || !(await giveBackLeftovers(decision, asSought(lots, policy), facts, held, ports))) return decision;
  }
  const facts = await gatherFacts(token, [], ports, policy, nearLately);
  const blind = { ...facts, candidatesFor: () => null, fallbacksFor: () => null, candidateNamed: () => null };
  const waiting = decide(lots, commands, blind, ports.clock.nowMs());
  await reserve(waiting, blind, held, ports);
  return waiting;
}

/** Who finds nobody will look further out: it was searched for as it was before, or as what is posted is. */
function asSought(lots: ReadonlyMap<LotId, Lot>, { radiusMeters }: Policy): (after: Lot) => Lot {
  return (after) => lots.get(after.id) ?? { ...after, radiusMeters };
}

function turnWrite(
  owned: Owned,
  commands: readonly Command[],
  decision: Decision,
  notAfterMs: number,
  traceparents: ReadonlyMap<LotId, string>,
  ports: CellPorts,
): TurnWrite {
  const touched = new Set(decision.changes.map(({ after }) => after.id));
  const kept = commands.flatMap((command) => {
    const answer = decision.answers.get(command.id);
    const isKept = leavesRow(command, touched.has(lotIdOfCommand(command)));
    return answer !== undefined && isKept ? [{ command, answer }] : [];
  });
  const { changes, collected } = decision;
  const { token: cell, epoch } = owned;
  return {
    cell,
    epoch,
    notAfterMs,
    decidedAtMs: ports.clock.nowMs(),
    commands: kept,
    changes,
    collected,
    traceparents,
  };
}

/** @param traceparents of the events that were written */
function remember({ lots }: Owned, decision: Decision, traceparents: ReadonlyMap<LotId, string>): void {
  for (const { after } of decision.changes) {
    if (isEnd(after.state)) lots.end(after.id);
    else lots.put(after, traceparents.get(after.id));
  }
}
