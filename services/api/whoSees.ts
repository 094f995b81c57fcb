/** Who may look at what, and how much of it. */
import type { HistoryStep } from '#adapters/postgres/sql/readSurplus.ts';
import { OVERRIDE_REASONS, type Lot } from '#core/lots/lot.ts';
import type { OfferView, SurplusView } from '#core/lots/view.ts';
import type { Principal } from './auth/principal.ts';

/** A donor its own, a recipient what was ever put to it, an operator everything. */
export function seesSurplus(principal: Principal, lot: Lot): boolean {
  if (principal.role === 'operator') return true;
  if (principal.role === 'donor') return lot.donorId === principal.id;
  return lot.offers.some((offer) => offer.recipientId === principal.id);
}

/** A recipient never sees another recipient's offer, nor the lots that went to others. */
export function surplusFor(principal: Principal, surplus: SurplusView): SurplusView {
  if (principal.role !== 'recipient') return surplus;
  const mine = (lot: SurplusView): boolean => lot.offer?.recipientId === principal.id;
  return { ...surplus, offer: mine(surplus) ? surplus.offer : null, lots: surplus.lots.filter(mine) };
}

const FOR_OPERATORS: ReadonlySet<string> = new Set(['no-candidate', ...OVERRIDE_REASONS]);

/** Of other recipients' steps a recipient sees that they were, not whose; why others were left out, and what operators note, is for operators. */
export function stepsFor(principal: Principal, history: readonly HistoryStep[]): HistoryStep[] {
  if (principal.role === 'operator') return [...history];
  const foreign = (step: HistoryStep): boolean => principal.role === 'recipient' && step.recipientId !== principal.id;
  return history.map((step) => {
    if (foreign(step)) return { ...step, offerId: null, recipientId: null, detail: null };
    return FOR_OPERATORS.has(step.reason) ? { ...step, detail: null } : step;
  });
}

export interface OfferWithSurplus extends OfferView {
  readonly surplus: Omit<SurplusView, 'offer' | 'lots'>;
}

/** An offer with the food it is about. */
export function offerWithSurplus(offer: OfferView, surplus: SurplusView): OfferWithSurplus {
  const food: Partial<SurplusView> = { ...surplus };
  Reflect.deleteProperty(food, 'offer');
  Reflect.deleteProperty(food, 'lots');
  return { ...offer, surplus: food as OfferWithSurplus['surplus'] };
}
