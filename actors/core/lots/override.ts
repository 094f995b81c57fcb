/** What an operator does over the rules' head. What nobody may override: capacity, food safety, and that an end is an end. */
import { freeGrams, type Candidate } from '../matching/candidate.ts';
import { HANDOVER_MARGIN_MS, MIN_OFFER_GRAMS } from '../matching/feasible.ts';
import { distanceReason } from '../matching/rank.ts';
import { giveBack } from './answer.ts';
import type { Answer, Assign, Extend, Withdraw } from './command.ts';
import { currentOffer, isEnd, type Lot, type OverrideNote } from './lot.ts';
import { asOfThisTurn, offerTo } from './place.ts';
import { requireRematch } from './split.ts';
import { closeOffer, move, withOffer, type Turn } from './turn.ts';
import { answered, refuse } from './verdict.ts';

/**
 * An exclusive offer to a named recipient: it may be closed now, far away, or have been tried before, for somebody has spoken
 * with it. It still answers for itself. Whoever is being asked is asked no longer; a claim must be withdrawn first.
 */
export function assign(turn: Turn, command: Assign): Answer {
  const lot = turn.lots.get(command.lotId);
  if (lot === undefined) return refuse('not-found', 'There is no such surplus.');
  if (lot.state === 'claimed') return refuse('already-claimed', 'The surplus is claimed: withdraw it first.');
  if (isEnd(lot.state)) return refuse('offer-closed', `The surplus is ${lot.state} already.`);
  const found = turn.facts.candidateNamed(lot, command.recipientId);
  if (found === null) return refuse('not-now', 'Recipients are being counted just now.');
  if (found === undefined) return refuse('not-found', 'There is no such recipient.');
  const candidate = asOfThisTurn(turn)(found);
  const unsuitable = whyUnsuitable(turn, lot, candidate);
  if (unsuitable !== null) return refuse('unsuitable', unsuitable);
  const grams = Math.min(lot.quantityGrams, freeGrams(candidate));
  if (grams < Math.min(MIN_OFFER_GRAMS, lot.quantityGrams)) {
    return refuse('capacity', `${candidate.name} has room for ${String(grams)} g.`);
  }
  put(turn, lot, candidate, grams, noteOf(command));
  return answered(turn, lot.id);
}

function put(turn: Turn, lot: Lot, candidate: Candidate, grams: number, detail: string): void {
  const free = currentOffer(lot) === null ? lot : takeOver(turn, lot, detail);
  turn.rematch.delete(lot.id);
  const reason = { code: 'assigned' as const, text: 'chosen by an operator' };
  const tried = free.tried.filter((each) => each !== candidate.recipientId);
  const choice = { candidate, grams, reasons: [distanceReason(candidate), reason] };
  offerTo(turn, free, choice, { reason: 'assigned', detail }, { tried });
}

/** Who was being asked has neither said no nor let it lapse: it may be asked again. */
function takeOver(turn: Turn, lot: Lot, detail: string): Lot {
  const offers = closeOffer(turn, lot, 'withdrawn');
  return requireRematch(turn, lot, 'withdrawn', { offers }, { detail });
}

function whyUnsuitable(turn: Turn, lot: Lot, candidate: Candidate): string | null {
  const { name } = candidate;
  if (currentOffer(lot)?.recipientId === candidate.recipientId) return `${name} is being asked already.`;
  if (!candidate.active) return `${name} is paused.`;
  if (!candidate.categories.includes(lot.category)) return `${name} does not take ${lot.category}.`;
  if (!candidate.storages.includes(lot.storage)) return `${name} cannot keep ${lot.storage} food.`;
  const arrivalMs = Math.max(turn.nowMs, lot.readyFromMs) + candidate.travelSeconds * 1000;
  if (arrivalMs + HANDOVER_MARGIN_MS > lot.safeUntilMs)
    return `${name} cannot be there before the food is past its time.`;
  return null;
}

/** It is left out from then on; else the same offer would be made again at once. */
export function withdraw(turn: Turn, command: Withdraw): Answer {
  const lot = turn.lots.get(command.lotId);
  if (lot === undefined) return refuse('not-found', 'There is no such surplus.');
  if (currentOffer(lot) === null) return refuse('offer-closed', `The surplus is ${lot.state}: nobody holds it.`);
  if (turn.nowMs >= lot.safeUntilMs) return refuse('offer-closed', 'The food is past its safe-until time.');
  giveBack(turn, lot, 'withdrawn', { detail: noteOf(command) });
  return answered(turn, lot.id);
}

/** Later than it was, and never past safe-until. A reminder that was sent may be sent again. */
export function extend(turn: Turn, command: Extend): Answer {
  const lot = turn.lots.get(command.lotId);
  const offer = lot === undefined ? null : currentOffer(lot);
  if (lot === undefined) return refuse('not-found', 'There is no such surplus.');
  if (offer === null) return refuse('offer-closed', `The surplus is ${lot.state}: nobody holds it.`);
  const { untilMs } = command;
  const beforeMs = lot.state === 'claimed' ? (lot.pickupByMs ?? lot.safeUntilMs) : offer.deadlineMs;
  if (untilMs <= Math.max(beforeMs, turn.nowMs)) return refuse('deadline', 'That is not later than it is now.');
  if (untilMs > lot.safeUntilMs) return refuse('deadline', 'That is past the safe-until time.');
  const change =
    lot.state === 'claimed'
      ? { pickupByMs: untilMs, reminded: false }
      : { offers: withOffer(lot, { deadlineMs: untilMs }) };
  const step = { to: lot.state, reason: 'extended', offer, detail: noteOf(command) } as const;
  move(turn, lot, step, { ...change, nextActionAtMs: untilMs });
  return answered(turn, lot.id, offer.id);
}

function noteOf({ by, why }: OverrideNote): string {
  return JSON.stringify({ by, why });
}
