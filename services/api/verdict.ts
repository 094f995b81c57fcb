import type { Answer } from '#core/lots/command.ts';
import type { OfferView, SurplusView } from '#core/lots/view.ts';
import { Problem } from './problems.ts';

/** What the cell granted. @throws Problem with the cell's refusal */
export function granted(answer: Answer): { readonly surplus: SurplusView; readonly offer: OfferView | null } {
  if (!answer.ok) throw new Problem(answer.refused, answer.detail);
  if (answer.surplus === null) throw new Error('a cell answered without the surplus');
  return { surplus: answer.surplus, offer: answer.offer };
}

export function grantedOffer(answer: Answer): { readonly surplus: SurplusView; readonly offer: OfferView } {
  const { surplus, offer } = granted(answer);
  if (offer === null) throw new Error('a cell answered without the offer');
  return { surplus, offer };
}
