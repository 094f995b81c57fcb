/** Ports for tests of the cell's shell: real PostgreSQL, recipients in memory, a clock that can be set. */
import { estimateTravelSeconds } from '#core/geo/distance.ts';
import type { Candidates, CellPorts } from '#cell/ports.ts';
import { createCellStore } from '#adapters/postgres/cellStore.ts';
import { createHandoverCode } from '#adapters/crypto/handoverCode.ts';
import { newUuid } from '#adapters/ids/uuid.ts';
import type { Pool } from '#adapters/postgres/pool.ts';

export const SECRET = 'a secret for tests that is long enough';
export const handoverCode = createHandoverCode(SECRET);

export interface TestClock {
  aheadMs: number;
  nowMs(): number;
}

/** @param askTime what a write that is refused for its time does to the clock */
export function worldPorts(
  pool: Pool,
  candidates: Candidates,
  owner = 'test',
  askTime: (clock: TestClock) => void = () => undefined,
): CellPorts & { readonly clock: TestClock } {
  const clock: TestClock = { aheadMs: 0, nowMs: () => Date.now() + clock.aheadMs };
  return {
    store: createCellStore(pool, owner, 9, async () => askTime(clock)),
    candidates,
    travel: {
      warm: () => Promise.resolve(true),
      of: ({ from, to, mode }) => ({ travelSeconds: estimateTravelSeconds(from, to, mode), travelSource: 'estimate' }),
    },
    hints: { outbox: () => undefined },
    clock,
    newUuid,
    handoverCode,
  };
}
