/** The sweep alone guarantees lapse, retry, escalation and expiry: timers, events and pushes are hints. */
import type { Logger } from 'pino';
import type { CellClient } from '#cell/contract.ts';
import { cellOf, parseLotId } from '#core/words/ids.ts';
import type { DueLot } from '#adapters/postgres/sql/findDueLots.ts';
import { createLimit } from '#adapters/batching/limit.ts';
import { shareOf } from './shares.ts';

export interface SweepPorts {
  readonly cells: Pick<CellClient, 'send'>;
  /** signed ids */
  readonly regions: () => Promise<readonly string[]>;
  readonly dueLots: (region: string, limit: number) => Promise<readonly DueLot[]>;
  /** Says that we are there. @returns all sweeping workers, the same list for each of them */
  readonly members: () => Promise<readonly string[]>;
  readonly me: string;
  /** offers without proof of notification are sent again, region by region */
  readonly resend: (region: string) => Promise<void>;
  readonly log: Pick<Logger, 'warn'>;
  readonly meters: {
    readonly onWake: (ok: boolean) => void;
    readonly onOverdue: (region: string, lots: number) => void;
  };
}

export interface Sweep {
  /** One look at every region of ours. @throws when PostgreSQL is away */
  round(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

const ROUND_EVERY_MS = 1_000;
const LOTS_A_ROUND = 500;
const REGIONS_AT_ONCE = 4;
const WAKES_AT_ONCE = 32;
/** A cell that does not answer is asked again a round later, for the lot is still due then. */
const WAKE_DEADLINE_MS = 3_000;
/** Due for this long: somebody should know. */
const OVERDUE_MS = 5_000;

export function createSweep(ports: SweepPorts): Sweep {
  const wakes = createLimit(WAKES_AT_ONCE);
  const regionsAtOnce = createLimit(REGIONS_AT_ONCE);
  const awake = new Set<string>();
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<void> = Promise.resolve();

  const round = async (): Promise<void> => {
    const members = await ports.members();
    const regions = (await ports.regions()).filter((region) => shareOf(members, region) === ports.me);
    await Promise.all(regions.map((region) => regionsAtOnce(() => sweepRegion(region))));
  };
  const sweepRegion = async (region: string): Promise<void> => {
    const due = await ports.dueLots(region, LOTS_A_ROUND);
    ports.meters.onOverdue(region, due.filter((lot) => lot.overdueMs > OVERDUE_MS).length);
    await Promise.all(due.filter((lot) => !awake.has(lot.lotId)).map((lot) => wakes(() => wake(lot))));
    await ports.resend(region);
  };
  const wake = async (due: DueLot): Promise<void> => {
    const lotId = parseLotId(due.lotId)?.id;
    if (lotId === undefined || stopping || awake.has(lotId)) return;
    awake.add(lotId);
    const command = { kind: 'wake', id: `wake:${lotId}:${String(due.version)}`, fingerprint: null, lotId } as const;
    try {
      await ports.cells.send(cellOf(lotId), command, { deadlineMs: WAKE_DEADLINE_MS });
      ports.meters.onWake(true);
    } catch (error) {
      ports.meters.onWake(false);
      ports.log.warn({ because: String(error) }, 'a cell could not be woken; the next round tries again');
    } finally {
      awake.delete(lotId);
    }
  };
  const tick = (): void => {
    current = round()
      .catch((error: unknown) => {
        ports.log.warn({ err: error }, 'this sweep failed; the next one tries again');
      })
      .finally(() => {
        if (!stopping) timer = setTimeout(tick, jittered(ROUND_EVERY_MS));
      });
  };
  return {
    round,
    start: tick,
    stop: async () => {
      stopping = true;
      clearTimeout(timer);
      await current;
    },
  };
}

/** Several workers should not all look in the same instant. */
function jittered(ms: number): number {
  return ms * (0.8 + Math.random() * 0.4);
}
