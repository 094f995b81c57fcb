import type { OfferId, RecipientId } from '../words/ids.ts';
import type { LotChange } from './decide.ts';
import { currentOffer } from './lot.ts';

export interface TokenName {
  readonly offerId: OfferId;
  readonly recipientId: RecipientId;
}

/** Grams of a recipient's capacity held under an offer id: a repeat or a crash can't leak a counter. */
export interface Token extends TokenName {
  readonly quantityGrams: number;
}

export interface TokenChanges {
  /** before the write: refused when the recipient has no room */
  readonly reserve: readonly Token[];
  /** after the write: the offer holds fewer grams now */
  readonly shrink: readonly Token[];
  /** after the write */
  readonly free: readonly Token[];
}

/** Which capacity tokens a decision needs, by comparing the offers that hold a lot before and after. */
export function tokenChanges(changes: readonly LotChange[]): TokenChanges {
  const reserve: Token[] = [];
  const shrink: Token[] = [];
  const free: Token[] = [];
  for (const { before, after } of changes) {
    const had = before === null ? null : currentOffer(before);
    const has = currentOffer(after);
    if (has !== null && has.id !== had?.id) reserve.push(tokenOf(has));
    if (has !== null && has.id === had?.id && has.quantityGrams < had.quantityGrams) shrink.push(tokenOf(has));
    if (had !== null && had.id !== has?.id) free.push(tokenOf(had));
  }
  return { reserve, shrink, free };
}

function tokenOf(offer: { id: OfferId; recipientId: RecipientId; quantityGrams: number }): Token {
  return { offerId: offer.id, recipientId: offer.recipientId, quantityGrams: offer.quantityGrams };
}
