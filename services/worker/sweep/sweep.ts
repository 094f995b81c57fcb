/** The sweep alone guarantees lapse, retry, escalation and expiry: timers, events and pushes are hints. */
import type { Logger } from 'pino';
import type { CellClient } from '#cell/contract.ts';
import { cellOf, parseLotId, type LotId } from '#core/words/ids.ts';
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
/** Of one cell: others have room beside one that does not answer. */
const WAKES_OF_A_CELL = 16;
/** A cell that does not answer is asked again a round later, for the lot is still due then. */
const WAKE_DEADLINE_MS = 3_000;
const SILENT_MS = 0.9 * WAKE_DEADLINE_MS;
/** Due for this long: somebody should know. */
const OVERDUE_MS = 5_000;

export function createSweep(ports: SweepPorts): Sweep {
  const regionsAtOnce = createLimit(REGIONS_AT_ONCE);
  let stopping = false;
  const wakeAll = createWaker(ports, () => stopping);
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
    const [, resent] = await Promise.allSettled([wakeAll(due), ports.resend(region)]);
    if (resent.status === 'rejected') throw resent.reason;
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

type KnownLot = Pick<DueLot, 'version'> & { readonly lotId: LotId };

/** Of an id that is none nobody can be woken. */
function known({ lotId, version }: DueLot): KnownLot[] {
  const id = parseLotId(lotId)?.id;
  return id === undefined ? [] : [{ lotId: id, version }];
}

/** Asks the cells of what is due to look at it, each lot once at a time. */
function createWaker(ports: SweepPorts, isStopping: () => boolean): (due: readonly DueLot[]) => Promise<void> {
  const wakes = createLimit(WAKES_AT_ONCE);
  const awake = new Set<string>();
  /** @returns false: it could not be woken */
  const wake = async ({ lotId, version }: KnownLot): Promise<boolean> => {
    if (isStopping() || awake.has(lotId)) return true;
    awake.add(lotId);
    const command = { kind: 'wake', id: `wake:${lotId}:${String(version)}`, fingerprint: null, lotId } as const;
    try {
      await ports.cells.send(cellOf(lotId), command, { deadlineMs: WAKE_DEADLINE_MS });
      ports.meters.onWake(true);
      return true;
    } catch (error) {
      ports.meters.onWake(false);
      ports.log.warn({ because: String(error) }, 'a cell could not be woken; the next round tries again');
      return false;
    } finally {
      awake.delete(lotId);
    }
  };
  /** Once it lets a call wait until its end, the rest of its lots wait for the next round: or all other cells would wait for them. */
  const wakeCell = async (due: readonly KnownLot[]): Promise<void> => {
    const few = createLimit(WAKES_OF_A_CELL);
    let isSilent = false;
    const unlessSilent = async (lot: KnownLot): Promise<void> => {
      const startedMs = performance.now();
      if (isSilent || (await wake(lot))) return;
      isSilent = performance.now() - startedMs > SILENT_MS;
    };
    await Promise.all(due.map((lot) => few(() => wakes(() => unlessSilent(lot)))));
  };
  return async (due) => {
    const byCell = Map.groupBy(due.flatMap(known), ({ lotId }) => cellOf(lotId));
    await Promise.all([...byCell.values()].map(wakeCell));
  };
}

/** Several workers should not all look in the same instant. */
function jittered(ms: number): number {
  return ms * (0.8 + Math.random() * 0.4);
}
