/** Policies as plain functions. All stand on the same `decide`: a policy only says which candidates its ranking may see. */
import type { Lot } from '#core/lots/lot.ts';
import { shareOf, type Candidate } from '#core/matching/candidate.ts';
import { feasibility } from '#core/matching/feasible.ts';

/**
 * @param candidates nearest first
 * @returns all of them, or the one it wants: the product's ranking has no choice then
 */
export type Narrow = (lot: Lot, candidates: readonly Candidate[], nowMs: number) => readonly Candidate[];

/** The product's own ranking, untouched. */
export const ours: Narrow = (_, candidates) => candidates;

/** The nearest who can take it: what a team would write first. */
export const greedyNearest: Narrow = (lot, candidates, nowMs) =>
  firstOf(candidates, feasibleOf(lot, candidates, nowMs));

/** Who got least for its need, however far: the other extreme. */
export const leastServed: Narrow = (lot, candidates, nowMs) =>
  firstOf(
    candidates,
    feasibleOf(lot, candidates, nowMs).sort((a, b) => shareOf(a) - shareOf(b)),
  );

function feasibleOf(lot: Lot, candidates: readonly Candidate[], nowMs: number): Candidate[] {
  return candidates.filter((candidate) => feasibility(lot, candidate, nowMs).feasible);
}

/** Nobody can: all, so that `decide` sees when somebody opens. */
function firstOf(candidates: readonly Candidate[], [first]: readonly Candidate[]): readonly Candidate[] {
  return first === undefined ? candidates : [first];
}
