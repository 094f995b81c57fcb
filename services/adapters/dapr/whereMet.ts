import { isAway, isMoved, type Away, type CellAnswer } from '#cell/contract.ts';
import type { CellToken } from '#core/words/ids.ts';

/** On which host each cell answered last. It may have moved since: then it is found through Dapr again. */
export interface WhereMet {
  hostOf(cell: CellToken): string | undefined;
  /** @param host who answered; undefined: nobody, or one who does not say who it is */
  learn(cell: CellToken, answer: CellAnswer | Away, host: string | undefined): void;
}

/** A hundred bytes each; beyond it cells are called alone. */
const MAX_MET = 100_000;

export function createWhereMet(): WhereMet {
  const hosts = new Map<CellToken, string>();
  return {
    hostOf: (cell) => hosts.get(cell),
    learn(cell, answer, host) {
      if (isAway(answer)) {
        // Another host than that where it was met can't say that it is gone from there.
        if (hosts.get(cell) === host) hosts.delete(cell);
      } else if (host === undefined || isMoved(answer)) hosts.delete(cell);
      else if (hosts.size < MAX_MET || hosts.has(cell)) hosts.set(cell, host);
    },
  };
}
