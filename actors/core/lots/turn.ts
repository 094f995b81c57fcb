import type { Candidate } from '../matching/candidate.ts';
import type { LotId, OfferId, RecipientId } from '../words/ids.ts';
import type { Answer } from './command.ts';
import { isEnd, NEXT_STATES, type Lot, type LotState, type Offer, type OfferState, type Transition } from './lot.ts';
import type { TransitionReason } from './lot.ts';
import type { Policy } from './policy.ts';

/** What a turn knows of the world; gathered by the shell beforehand. */
export interface Facts {
  readonly policy: Policy;
  /** nearest first, as this lot sees them; null: Redis is being rebuilt, don't believe anything */
  readonly candidatesFor: (lot: Lot) => readonly Candidate[] | null;
  /** the food banks of last resort, nearest first, as this lot sees them; null: don't believe anything */
  readonly fallbacksFor: (lot: Lot) => readonly Candidate[] | null;
  /** this recipient as this lot sees it, whatever stands against it; undefined: there is none; null: don't believe anything */
  readonly candidateNamed: (lot: Lot, recipientId: RecipientId) => Candidate | null | undefined;
  /** the id, in this cell, of the turn's n-th child lot, from 0; the same n gives the same id */
  readonly newLotId: (n: number) => LotId;
  /** the 8 digits of an offer; pure (an HMAC) */
  readonly handoverCode: (offer: OfferId, recipient: RecipientId, generation: number) => string;
}

/** The turn being decided: a scratch copy, private to one call of `decide`. */
export interface Turn {
  readonly facts: Facts;
  readonly nowMs: number;
  readonly lots: Map<LotId, Lot>;
  readonly transitions: Transition[];
  /** lots that must be rematched by event */
  readonly rematch: Set<LotId>;
  /** claims to remind of */
  readonly remind: Set<LotId>;
  /** grams this turn has already put to each recipient */
  readonly givenGrams: Map<RecipientId, number>;
  readonly collected: Collected[];
  readonly answers: Map<string, Answer>;
  /** child lots so far */
  children: number;
}

/** One handover, for the recipient's day and week. */
export interface Collected {
  readonly lotId: LotId;
  readonly offerId: OfferId;
  readonly recipientId: RecipientId;
  /** local day of the recipient, YYYY-MM-DD */
  readonly day: string;
  readonly quantityGrams: number;
}

interface Step {
  readonly to: LotState;
  readonly reason: TransitionReason;
  readonly offer?: Offer | null;
  readonly detail?: string | null;
  /** unix ms; earliest time at which PostgreSQL lets this step be written */
  readonly notBeforeMs?: number;
}

/** One state further: version + 1, one row of history. The only way a lot changes its state. */
export function move(turn: Turn, lot: Lot, step: Step, change: Partial<Lot> = {}): Lot {
  if (!NEXT_STATES[lot.state].includes(step.to)) throw new Error(`no way from ${lot.state} to ${step.to}`);
  const ended = isEnd(step.to) ? { nextActionAtMs: null } : {};
  const next: Lot = { ...lot, ...change, ...ended, state: step.to, version: lot.version + 1 };
  turn.lots.set(next.id, next);
  turn.transitions.push(transitionOf(next, lot.state, step, turn.nowMs));
  return next;
}

/** A lot comes into being. */
export function create(turn: Turn, lot: Lot, reason: 'posted' | 'split'): Lot {
  turn.lots.set(lot.id, lot);
  turn.transitions.push(transitionOf(lot, null, { to: 'posted', reason }, turn.nowMs));
  return lot;
}

/** A change that is no step: no version, no history, no event. */
export function patch(turn: Turn, lot: Lot, change: Partial<Lot>): Lot {
  const next = { ...lot, ...change };
  turn.lots.set(next.id, next);
  return next;
}

function transitionOf(lot: Lot, from: LotState | null, step: Step, nowMs: number): Transition {
  return {
    lotId: lot.id,
    version: lot.version,
    from,
    to: step.to,
    reason: step.reason,
    offerId: step.offer?.id ?? null,
    recipientId: step.offer?.recipientId ?? null,
    detail: step.detail ?? null,
    quantityGrams: lot.quantityGrams,
    atMs: nowMs,
    notBeforeMs: step.notBeforeMs ?? null,
  };
}

/** The lot's offers with the last one changed. */
export function withOffer(lot: Lot, change: Partial<Offer>): readonly Offer[] {
  const last = lot.offers.at(-1);
  return last === undefined ? [] : [...lot.offers.slice(0, -1), { ...last, ...change }];
}

export function closeOffer(turn: Turn, lot: Lot, state: OfferState): readonly Offer[] {
  return withOffer(lot, { state, answeredAtMs: turn.nowMs });
}
