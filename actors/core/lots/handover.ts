import { localDay } from '../matching/hours.ts';
import { claim } from './answer.ts';
import type { Answer, Handover, RenewCode } from './command.ts';
import { currentOffer, type Lot, type Offer } from './lot.ts';
import { LATE_HANDOVER_MS, MAX_WRONG_CODES } from './policy.ts';
import { splitOff } from './split.ts';
import { closeOffer, move, patch, withOffer, type Turn } from './turn.ts';
import { lotIdOfOffer } from '../words/ids.ts';
import { answered, closedRefusal, findOffer, refuse } from './verdict.ts';

/** In the lot's history: that the question was answered, and by whom. */
const HOT_ENOUGH = '63 °C or hotter, says the recipient';

/** The proved transfer. Only the claiming recipient redeems the code; a fallback offer needs no claim first. */
export function handover(turn: Turn, command: Handover): Answer {
  const found = findOffer(turn, command.offerId, command.recipientId);
  if ('refusal' in found) return found.refusal;
  const { lot, offer } = found;
  const refused =
    closedRefusal(lot, offer) ??
    tooEarlyOrLate(turn, lot, offer) ??
    tooCold(lot, command) ??
    checkCode(turn, lot, offer, command);
  if (refused !== null) return refused;
  const grams = command.quantityGrams ?? offer.quantityGrams;
  if (grams > offer.quantityGrams) {
    return refuse('quantity', `The claim holds ${String(offer.quantityGrams)} g; hand over that or less.`);
  }
  const claimed = lot.state === 'claimed' ? lot : claim(turn, lot, offer, offer.quantityGrams, {});
  const kept = grams < claimed.quantityGrams ? splitOff(turn, claimed, grams, offer.recipientId) : {};
  collect(turn, claimed, offer, grams, kept);
  return answered(turn, lot.id, offer.id);
}

function collect(turn: Turn, lot: Lot, offer: Offer, grams: number, kept: Partial<Lot>): void {
  const closed = closeOffer(turn, lot, 'collected');
  const offers = [...closed.slice(0, -1), ...closed.slice(-1).map((last) => ({ ...last, quantityGrams: grams }))];
  const detail = lot.storage === 'hot' ? HOT_ENOUGH : null;
  move(turn, lot, { to: 'collected', reason: 'collected', offer, detail }, { ...kept, offers, pickupByMs: null });
  turn.collected.push({
    lotId: lot.id,
    offerId: offer.id,
    recipientId: offer.recipientId,
    day: localDay(offer.timeZone, turn.nowMs),
    quantityGrams: grams,
  });
}

/** Before the code is looked at: an unanswered question costs no try. */
function tooCold(lot: Lot, command: Handover): Answer | null {
  if (lot.storage !== 'hot' || command.hotEnough === true) return null;
  return refuse('too-cold', 'Measure it: hot food changes hands at 63 °C or hotter only. Confirm it with hotEnough.');
}

function tooEarlyOrLate(turn: Turn, lot: Lot, offer: Offer): Answer | null {
  if (offer.state !== 'claimed' && !offer.fallback)
    return refuse('offer-closed', 'Accept the offer before the handover.');
  if (turn.nowMs > lot.safeUntilMs + LATE_HANDOVER_MS)
    return refuse('offer-closed', 'The food is past its safe-until time.');
  return null;
}

/** A wrong code is counted; the count is a change of the offer, not of the lot. */
function checkCode(turn: Turn, lot: Lot, offer: Offer, command: Handover): Answer | null {
  if (offer.wrongCodes >= MAX_WRONG_CODES) {
    return refuse(
      'code-locked',
      'Too many wrong codes: let the donor open the handover code anew, and use the new one.',
    );
  }
  if (command.code === turn.facts.handoverCode(offer.id, offer.recipientId, offer.codeGeneration)) return null;
  const wrongCodes = offer.wrongCodes + 1;
  patch(turn, lot, { offers: withOffer(lot, { wrongCodes }) });
  return refuse('wrong-code', `That is not the donor's code; ${String(MAX_WRONG_CODES - wrongCodes)} tries are left.`);
}

/** The donor asks for the code: after a lock it gets a new one. The code itself is computed at the edge. */
export function renewCode(turn: Turn, command: RenewCode): Answer {
  const lot = turn.lots.get(lotIdOfOffer(command.offerId));
  const offer = lot === undefined ? null : currentOffer(lot);
  if (lot?.donorId !== command.donorId || offer?.id !== command.offerId) {
    return refuse('not-found', 'There is no such open offer of your surplus.');
  }
  if (offer.wrongCodes >= MAX_WRONG_CODES) {
    patch(turn, lot, { offers: withOffer(lot, { wrongCodes: 0, codeGeneration: offer.codeGeneration + 1 }) });
  }
  return answered(turn, lot.id, offer.id);
}
