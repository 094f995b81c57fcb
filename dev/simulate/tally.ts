/** What has happened so far, as its actors saw it. */
export interface Tally {
  planned: number;
  posted: number;
  postedGrams: number;
  /** answered otherwise than 2xx, by problem */
  readonly refused: Map<string, number>;
  offersSeen: number;
  rematched: number;
  claimed: number;
  declined: number;
  silent: number;
  released: number;
  collected: number;
  collectedGrams: number;
  cancelled: number;
  /** from the operator's statistics, since the start */
  deadLettered: number;
  /** claims on their way to be collected */
  underWay: number;
  unanswered: number;
  readonly firstOfferMs: number[];
}

export function createTally(): Tally {
  return {
    planned: 0,
    posted: 0,
    postedGrams: 0,
    refused: new Map(),
    offersSeen: 0,
    rematched: 0,
    claimed: 0,
    declined: 0,
    silent: 0,
    released: 0,
    collected: 0,
    collectedGrams: 0,
    cancelled: 0,
    deadLettered: 0,
    underWay: 0,
    unanswered: 0,
    firstOfferMs: [],
  };
}

/** A post that was answered 2xx. */
export interface Posted {
  readonly id: string;
  readonly donorId: string;
  readonly quantityGrams: number;
  offered: boolean;
}

/** Nearest rank; null: nothing yet. */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? null;
}
