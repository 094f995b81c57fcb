import { lotIdOfOffer, type LotId, type OfferId, type RecipientId } from '../words/ids.ts';
import type { Answer, Refusal } from './command.ts';
import { currentOffer, type Lot, type Offer } from './lot.ts';
import type { Turn } from './turn.ts';
import { offerView, surplusView } from './view.ts';

export function refuse(refused: Refusal, detail: string): Answer {
  return { ok: false, refused, detail };
}

/** The lot as it stands in this turn, with the other lots of its post, and the offer that was answered. */
export function answered(turn: Turn, lotId: LotId, offerId: OfferId | null = null): Answer {
  const lot = turn.lots.get(lotId);
  if (lot === undefined) throw new Error(`no lot ${lotId} in this turn`);
  const family = [...turn.lots.values()].filter((other) => other.rootId === lot.rootId);
  const offer = lot.offers.find((each) => each.id === offerId);
  return { ok: true, surplus: surplusView(lot, family), offer: offer === undefined ? null : offerView(lot, offer) };
}

export type Found = { readonly lot: Lot; readonly offer: Offer } | { readonly refusal: Answer };

/** The offer, if it is there and this recipient's; else the same refusal for both, so that nobody can probe. */
export function findOffer(turn: Turn, offerId: OfferId, recipientId: RecipientId): Found {
  const lot = turn.lots.get(lotIdOfOffer(offerId));
  const offer = lot?.offers.find((each) => each.id === offerId);
  if (lot === undefined || offer?.recipientId !== recipientId) {
    return { refusal: refuse('not-found', 'There is no such offer of yours.') };
  }
  return { lot, offer };
}

/** Why an offer that is no longer the lot's current one can't be answered. */
export function closedRefusal(lot: Lot, offer: Offer): Answer | null {
  if (offer.state === 'lapsed') return refuse('offer-lapsed', 'The offer lapsed unanswered; the food was offered on.');
  if (currentOffer(lot)?.id === offer.id) return null;
  return refuse('offer-closed', `The offer is ${offer.state}; the surplus is ${lot.state}.`);
}
