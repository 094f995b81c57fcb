/** Who sweeps. Whose own sidecar lets no call through would keep its share of the regions, and wake nobody there. */

export interface MembersPorts {
  /** Says that we are there. @returns all that are, the same list for each of them */
  readonly join: () => Promise<readonly string[]>;
  /** all that are there, whether we are or not */
  readonly list: () => Promise<readonly string[]>;
  readonly isWell: () => Promise<boolean>;
  readonly me: string;
}

/** It may just be starting, or placement: a few rounds are nothing. */
const UNWELL_ROUNDS = 3;

/** @returns what tells the sweep who its members are, each round. Where all are cut off, or we are alone, we go on: offers are sent again without a cell. */
export function createMembers({ join, list, isWell, me }: MembersPorts): () => Promise<readonly string[]> {
  let unwell = 0;
  return async () => {
    unwell = (await isWell()) ? 0 : unwell + 1;
    if (unwell < UNWELL_ROUNDS) return await join();
    const others = (await list()).filter((each) => each !== me);
    return others.length > 0 ? others : [me];
  };
}
