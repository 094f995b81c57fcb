import type { Lot } from '#core/lots/lot.ts';
import type { LotId, RecipientId } from '#core/words/ids.ts';
import type { Played } from './play.ts';

/** Food that got to somebody while it was safe. */
export interface Handover {
  /** the root lot */
  readonly postId: LotId;
  readonly recipientId: RecipientId;
  readonly fallback: boolean;
  readonly grams: number;
  /** straight line, one way */
  readonly distanceMeters: number;
  readonly travelSeconds: number;
}

/** What an evening came to, played or solved. */
export interface Outcome {
  readonly handovers: readonly Handover[];
  /** from post to claim, of each claim by a recipient, ms */
  readonly claimMs: readonly number[];
  readonly offers: number;
}

export function outcomeOf({ lots, history }: Played): Outcome {
  const handovers: Handover[] = [];
  const claimMs: number[] = [];
  for (const step of history) {
    const lot = lots.get(step.lotId);
    const offer = lot?.offers.find((each) => each.id === step.offerId);
    if (lot === undefined || offer === undefined) continue;
    if (step.reason === 'accepted' && !offer.fallback) claimMs.push(step.atMs - rootOf(lots, lot).postedAtMs);
    if (step.to !== 'collected' || step.atMs > lot.safeUntilMs) continue;
    const { recipientId, fallback, distanceMeters, travelSeconds } = offer;
    handovers.push({
      postId: lot.rootId,
      recipientId,
      fallback,
      grams: step.quantityGrams,
      distanceMeters,
      travelSeconds,
    });
  }
  return { handovers, claimMs, offers: history.filter((step) => step.to === 'offered').length };
}

function rootOf(lots: ReadonlyMap<LotId, Lot>, lot: Lot): Lot {
  return lots.get(lot.rootId) ?? lot;
}
