/** One turn of a cell: commands in, what to write out. Pure: same input, same output. */
import type { LotId } from '../words/ids.ts';
import { accept, decline, release } from './answer.ts';
import { cancel } from './cancel.ts';
import type { Answer, Command } from './command.ts';
import { fallback, rematch, replay, wake } from './due.ts';
import { handover, renewCode } from './handover.ts';
import type { Lot, Transition } from './lot.ts';
import { assign, extend, withdraw } from './override.ts';
import { post } from './post.ts';
import type { Collected, Facts, Turn } from './turn.ts';
import { refuse } from './verdict.ts';

export interface LotChange {
  readonly before: Lot | null;
  readonly after: Lot;
  /** oldest first; empty when only bookkeeping changed (no event then) */
  readonly transitions: readonly Transition[];
  /** the event asks for a rematch */
  readonly rematchRequired: boolean;
  /** the event asks to remind the claimant */
  readonly remind: boolean;
}

export interface Decision {
  readonly answers: ReadonlyMap<string, Answer>;
  readonly changes: readonly LotChange[];
  readonly collected: readonly Collected[];
}

/** In one batch, what people did goes before what time does: an accept wins over the lapse beside it. */
const ORDER: Record<Command['kind'], number> = {
  accept: 0,
  handover: 0,
  cancel: 0,
  decline: 0,
  release: 0,
  'renew-code': 0,
  withdraw: 0,
  extend: 0,
  // after what frees the lot, and before what the rules would do with it
  assign: 1,
  post: 1,
  replay: 2,
  rematch: 2,
  fallback: 2,
  wake: 3,
};

/**
 * @param lots every lot of this cell that a command names, with the other lots of its post
 * @param nowMs PostgreSQL's time, unix ms
 */
export function decide(
  lots: ReadonlyMap<LotId, Lot>,
  commands: readonly Command[],
  facts: Facts,
  nowMs: number,
): Decision {
  const turn: Turn = {
    facts,
    nowMs,
    lots: new Map(lots),
    transitions: [],
    rematch: new Set(),
    remind: new Set(),
    givenGrams: new Map(),
    collected: [],
    answers: new Map(),
    children: 0,
  };
  const asked = new Map<string, string | null>();
  for (const command of [...commands].sort((a, b) => ORDER[a.kind] - ORDER[b.kind])) {
    const first = asked.get(command.id);
    if (first === undefined) {
      asked.set(command.id, command.fingerprint);
      turn.answers.set(command.id, apply(turn, command));
    }
  }
  return { answers: turn.answers, changes: changesOf(turn, lots), collected: turn.collected };
}

function apply(turn: Turn, command: Command): Answer {
  switch (command.kind) {
    case 'post':
      return turn.lots.has(command.lotId) ? refuse('key-reuse', 'This surplus exists already.') : post(turn, command);
    case 'accept':
      return accept(turn, command);
    case 'decline':
      return decline(turn, command);
    case 'release':
      return release(turn, command);
    case 'handover':
      return handover(turn, command);
    case 'renew-code':
      return renewCode(turn, command);
    case 'cancel':
      return cancel(turn, command);
    case 'assign':
      return assign(turn, command);
    case 'withdraw':
      return withdraw(turn, command);
    case 'extend':
      return extend(turn, command);
    case 'rematch':
      return rematch(turn, command);
    case 'fallback':
      return fallback(turn, command);
    case 'replay':
      return replay(turn, command);
    case 'wake':
      return wake(turn, command);
  }
}

function changesOf(turn: Turn, before: ReadonlyMap<LotId, Lot>): LotChange[] {
  const changes: LotChange[] = [];
  for (const after of turn.lots.values()) {
    const was = before.get(after.id) ?? null;
    if (was === after) continue;
    changes.push({
      before: was,
      after,
      transitions: turn.transitions.filter((each) => each.lotId === after.id),
      rematchRequired: turn.rematch.has(after.id) && after.state === 'rematching',
      remind: turn.remind.has(after.id),
    });
  }
  return changes;
}
