import type { Accept, Answer, Decline, Release } from './command.ts';
import type { Lot, Offer } from './lot.ts';
import { PICKUP_WINDOW_MS } from './policy.ts';
import { requireRematch, splitOff } from './split.ts';
import { closeOffer, move, withOffer, type Turn } from './turn.ts';
import { answered, closedRefusal, findOffer, refuse } from './verdict.ts';

/** An offer is open until a turn closes it: an accept whose turn comes before the lapse wins. */
export function accept(turn: Turn, command: Accept): Answer {
  const found = findOffer(turn, command.offerId, command.recipientId);
  if ('refusal' in found) return found.refusal;
  const { lot, offer } = found;
  const closed = closedRefusal(lot, offer);
  if (closed !== null) return closed;
  if (offer.state === 'claimed') return refuse('already-claimed', 'You have claimed this offer already.');
  if (turn.nowMs >= lot.safeUntilMs) return refuse('offer-closed', 'The food is past its safe-until time.');
  const grams = command.quantityGrams ?? offer.quantityGrams;
  if (grams > offer.quantityGrams) {
    return refuse('quantity', `The offer holds ${String(offer.quantityGrams)} g; accept that or less.`);
  }
  const kept = grams < lot.quantityGrams ? splitOff(turn, lot, grams, offer.recipientId) : {};
  claim(turn, lot, offer, grams, kept);
  return answered(turn, lot.id, offer.id);
}

/** offered → claimed, to be collected by a time. */
export function claim(turn: Turn, lot: Lot, offer: Offer, grams: number, kept: Partial<Lot>): Lot {
  const arrivalMs = Math.max(turn.nowMs, lot.readyFromMs) + offer.travelSeconds * 1000;
  const pickupByMs = Math.min(arrivalMs + PICKUP_WINDOW_MS, lot.safeUntilMs);
  return move(
    turn,
    lot,
    { to: 'claimed', reason: 'accepted', offer },
    {
      ...kept,
      offers: withOffer(lot, { state: 'claimed', quantityGrams: grams, answeredAtMs: turn.nowMs }),
      pickupByMs,
      nextActionAtMs: pickupByMs,
      reminded: false,
      tries: 0,
    },
  );
}

export function decline(turn: Turn, command: Decline): Answer {
  const found = findOffer(turn, command.offerId, command.recipientId);
  if ('refusal' in found) return found.refusal;
  const { lot, offer } = found;
  const closed = closedRefusal(lot, offer);
  if (closed !== null) return closed;
  if (offer.state === 'claimed') return refuse('already-claimed', 'You have claimed this offer: release it instead.');
  giveBack(turn, lot, 'declined', { detail: command.reason });
  return answered(turn, lot.id, offer.id);
}

export function release(turn: Turn, command: Release): Answer {
  const found = findOffer(turn, command.offerId, command.recipientId);
  if ('refusal' in found) return found.refusal;
  const { lot, offer } = found;
  const closed = closedRefusal(lot, offer);
  if (closed !== null) return closed;
  if (offer.state !== 'claimed')
    return refuse('offer-closed', 'Only a claimed offer can be released; decline it instead.');
  giveBack(turn, lot, 'released', { detail: command.reason });
  return answered(turn, lot.id, offer.id);
}

/** Closes the current offer and looks for the next recipient, leaving out this one. */
export function giveBack(
  turn: Turn,
  lot: Lot,
  how: 'declined' | 'lapsed' | 'released' | 'not-collected' | 'withdrawn',
  step: { detail?: string; notBeforeMs?: number } = {},
): Lot {
  const taker = lot.offers.at(-1)?.recipientId;
  const tried = taker === undefined ? lot.tried : [...new Set([...lot.tried, taker])];
  const tries = how === 'lapsed' ? lot.tries + 1 : lot.tries;
  const offers = closeOffer(turn, lot, how === 'not-collected' ? 'released' : how);
  return requireRematch(turn, lot, how, { offers, tried, tries }, step);
}
