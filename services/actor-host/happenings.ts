import type { Decision, LotChange } from '#core/lots/decide.ts';
import type { Lot, Transition, TransitionReason } from '#core/lots/lot.ts';
import { postedAtMsOf } from '#core/words/ids.ts';

/** What became of a post in its first turn; `waiting`: the candidates could not be believed. */
export type PostOutcome = 'offered' | 'nobody' | 'waiting';

/** What one written turn did, as numbers; times in ms. */
export interface Happenings {
  readonly posts: readonly PostOutcome[];
  /** from the post to its first offer */
  readonly matchedMs: readonly number[];
  /** from the post (of a split: its root's) to the claim */
  readonly claimedMs: readonly number[];
  /** offers of the same lot before the one that was claimed, or went to the food bank */
  readonly rematches: readonly number[];
  readonly offers: readonly TransitionReason[];
  readonly collectedGrams: number;
}

/** @param nowMs PostgreSQL's time after the write */
export function happeningsOf({ changes, collected }: Decision, nowMs: number): Happenings {
  const steps = changes.flatMap((change) => change.transitions.map((step) => ({ change, step })));
  const reached = (isIt: (step: Transition, change: LotChange) => boolean): Lot[] =>
    steps.filter(({ step, change }) => isIt(step, change)).map(({ change }) => change.after);
  const agedMs = (id: Lot['id']): number => Math.max(0, nowMs - postedAtMsOf(id));
  const isMade = ({ reason }: Transition): boolean => reason === 'matched' || reason === 'fallback';
  const claims = reached(({ reason }) => reason === 'accepted');
  return {
    posts: changes.filter(isPost).map(outcomeOf),
    matchedMs: reached((step, { before, after }) => isMade(step) && isRoot(after) && hadNoOffer(before)).map(({ id }) =>
      agedMs(id),
    ),
    claimedMs: claims.map(({ rootId }) => agedMs(rootId)),
    rematches: [...claims, ...reached(({ reason }) => reason === 'fallback')].map(({ attempt }) => attempt - 1),
    offers: steps.filter(({ step }) => step.offerId !== null && step.reason !== 'split').map(({ step }) => step.reason),
    collectedGrams: collected.reduce((sum, { quantityGrams }) => sum + quantityGrams, 0),
  };
}

const isRoot = ({ parentId }: Lot): boolean => parentId === null;
const hadNoOffer = (before: Lot | null): boolean => before === null || before.attempt === 0;

function isPost({ before, after }: LotChange): boolean {
  return before === null && isRoot(after);
}

function outcomeOf({ after, transitions }: LotChange): PostOutcome {
  if (after.attempt > 0) return 'offered';
  return transitions.some(({ reason }) => reason === 'no-candidate') ? 'nobody' : 'waiting';
}
