/** PostgreSQL as the cell sees it: atomic turns, epochs, kept answers. It crashes before or after the commit as told. */
import type { Answer } from '#core/lots/command.ts';
import { currentOffer, isEnd, type Lot } from '#core/lots/lot.ts';
import type { CellToken, LotId } from '#core/words/ids.ts';
import type { CellStore, TurnWrite, WriteOutcome } from '#cell/ports.ts';
import type { Scheduler } from './scheduler.ts';

export interface Row {
  readonly fingerprint: string | null;
  readonly answer: Answer;
}

export interface Tables {
  readonly lots: Map<LotId, Lot>;
  readonly commands: Map<string, Row>;
  readonly epochs: Map<CellToken, number>;
  /** versions in the order they went to the outbox, by lot */
  readonly events: Map<LotId, number[]>;
  readonly collectedGrams: Map<string, number>;
  /** capacity by recipient, and the moments when a commit went beyond it */
  readonly capacities: ReadonlyMap<string, number>;
  readonly overbooked: string[];
}

export function createTables(capacities: ReadonlyMap<string, number>): Tables {
  const empty = {
    lots: new Map(),
    commands: new Map(),
    epochs: new Map(),
    events: new Map(),
    collectedGrams: new Map(),
  };
  return { ...empty, capacities, overbooked: [] };
}

export interface Trouble {
  /** 0 to 1: the connection breaks before, or after, a write */
  readonly crashes: number;
  readonly random: () => number;
}

export function memoryStore(tables: Tables, scheduler: Scheduler, trouble: Trouble): CellStore {
  const { random, crashes } = trouble;
  return {
    async activate(cell) {
      await scheduler.yield();
      const epoch = (tables.epochs.get(cell) ?? 0) + 1;
      tables.epochs.set(cell, epoch);
      await scheduler.yield();
      return {
        epoch: String(epoch),
        lots: [...tables.lots.values()].filter((lot) => lot.cell === cell && !isEnd(lot.state)),
      };
    },
    async loadFamilies(_, ids) {
      await scheduler.yield();
      const roots = new Set(ids.map((id) => tables.lots.get(id)?.rootId));
      return [...tables.lots.values()].filter((lot) => roots.has(lot.rootId));
    },
    async write(turn) {
      // a paused host: now and then far longer than a turn may last
      await scheduler.yield(random() < 0.03 ? 5_000 : 30);
      if (random() < crashes) throw new Error('the connection broke before the commit');
      const outcome = commit(tables, turn, scheduler.nowMs());
      await scheduler.yield();
      if (random() < crashes) throw new Error('the connection broke after the commit');
      return outcome;
    },
  };
}

/** What write_turns does, in the same order. */
function commit(tables: Tables, turn: TurnWrite, nowMs: number): WriteOutcome {
  if (String(tables.epochs.get(turn.cell)) !== turn.epoch) return { wrote: false, because: 'fenced' };
  if (nowMs > turn.notAfterMs) return { wrote: false, because: 'late' };
  const steps = turn.changes.flatMap((change) => change.transitions);
  if (steps.some((step) => step.notBeforeMs !== null && step.notBeforeMs > nowMs))
    return { wrote: false, because: 'early' };
  const repeated = turn.commands.filter(({ command }) => tables.commands.has(command.id));
  if (repeated.length > 0)
    return { wrote: false, because: 'repeated', kept: repeated.map(({ command }) => keptOf(tables, command.id)) };
  for (const { before, after } of turn.changes) {
    const was = tables.lots.get(after.id);
    if (was?.version !== before?.version) return { wrote: false, because: 'fenced' };
  }
  for (const { command, answer } of turn.commands)
    tables.commands.set(command.id, { fingerprint: command.fingerprint, answer });
  for (const { after, transitions } of turn.changes) {
    tables.lots.set(after.id, after);
    if (transitions.length > 0) tables.events.set(after.id, [...(tables.events.get(after.id) ?? []), after.version]);
  }
  for (const each of turn.collected) {
    tables.collectedGrams.set(
      each.recipientId,
      (tables.collectedGrams.get(each.recipientId) ?? 0) + each.quantityGrams,
    );
  }
  noteOverbooking(tables, nowMs);
  return { wrote: true };
}

function noteOverbooking(tables: Tables, nowMs: number): void {
  const held = new Map<string, number>();
  for (const lot of tables.lots.values()) {
    const offer = currentOffer(lot);
    if (offer !== null) held.set(offer.recipientId, (held.get(offer.recipientId) ?? 0) + offer.quantityGrams);
  }
  for (const [recipient, grams] of held) {
    const capacity = tables.capacities.get(recipient) ?? 0;
    if (grams > capacity)
      tables.overbooked.push(`${recipient} held ${String(grams)} of ${String(capacity)} g at ${String(nowMs)}`);
  }
}

function keptOf(tables: Tables, commandId: string) {
  const row = tables.commands.get(commandId);
  return { commandId, fingerprint: row?.fingerprint ?? null, answer: row?.answer ?? null, elsewhere: null };
}
