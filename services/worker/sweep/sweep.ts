/** The sweep alone guarantees lapse, retry, escalation and expiry: timers, events and pushes are hints. */
import type { Logger } from 'pino';
import type { CellClient } from '#cell/contract.ts';
import { signedIdOf } from '#core/geo/cell.ts';
import { cellOf, parseLotId, type CellToken, type LotId } from '#core/words/ids.ts';
import type { DueLot } from '#adapters/postgres/sql/findDueLots.ts';
import { createLimit } from '#adapters/batching/limit.ts';
import { shareOf } from './shares.ts';

export interface SweepPorts {
  readonly cells: Pick<CellClient, 'send'>;
  /** signed ids */
  readonly regions: () => Promise<readonly string[]>;
  /** @param except signed ids of cells whose lots are left out */
  readonly dueLots: (region: string, limit: number, except: readonly string[]) => Promise<readonly DueLot[]>;
  /** Says that we are there. @returns all sweeping workers, the same list for each of them */
  readonly members: () => Promise<readonly string[]>;
  readonly me: string;
  /** offers without proof of notification are sent again, region by region */
  readonly resend: (region: string) => Promise<void>;
  readonly log: Pick<Logger, 'warn'>;
  readonly meters: {
    readonly onWake: (ok: boolean) => void;
    /** after each look, of every region that is ours: one that has gone to another worker is its business */
    readonly onOverdue: (lotsByRegion: ReadonlyMap<string, number>) => void;
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
  const waker = createWaker(ports, () => stopping);
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<void> = Promise.resolve();

  const round = async (): Promise<void> => {
    const members = await ports.members();
    const regions = (await ports.regions()).filter((region) => shareOf(members, region) === ports.me);
    const overdue = new Map<string, number>();
    const sweepRegion = async (region: string): Promise<void> => {
      const due = await dueIn(region);
      overdue.set(region, due.filter((lot) => lot.overdueMs > OVERDUE_MS).length);
      const [, resent] = await Promise.allSettled([waker.wakeAll(due), ports.resend(region)]);
      if (resent.status === 'rejected') throw resent.reason;
    };
    // all of them, whichever fails: a round that goes on beside the next one takes what is under way for woken
    const swept = await Promise.allSettled(regions.map((region) => regionsAtOnce(() => sweepRegion(region))));
    ports.meters.onOverdue(overdue);
    for (const each of swept) if (each.status === 'rejected') throw each.reason;
  };
  /** The lots of cells that don't answer are the longest due, and would leave the others no room. */
  const dueIn = async (region: string): Promise<readonly DueLot[]> => {
    const due = await ports.dueLots(region, LOTS_A_ROUND, []);
    const failing = waker.failing();
    if (due.length < LOTS_A_ROUND || failing.length === 0) return due;
    // Without them the first are woken all the same: only who is woken is found to be well again.
    const others = await ports.dueLots(region, LOTS_A_ROUND, failing.map(signedIdOf)).catch(none(ports.log));
    return [...new Map([...due, ...others].map((lot) => [lot.lotId, lot])).values()];
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

function none(log: SweepPorts['log']): (error: unknown) => readonly DueLot[] {
  return (error) => {
    log.warn({ err: error }, 'what is due beside the cells that fail was not found; the next round tries again');
    return [];
  };
}

type KnownLot = Pick<DueLot, 'version'> & { readonly lotId: LotId };

/** Of an id that is none nobody can be woken. */
function known({ lotId, version }: DueLot): KnownLot[] {
  const id = parseLotId(lotId)?.id;
  return id === undefined ? [] : [{ lotId: id, version }];
}

interface Waker {
  readonly wakeAll: (due: readonly DueLot[]) => Promise<void>;
  /** cells of which the last wakes were all in vain */
  readonly failing: () => readonly CellToken[];
}

/** Asks the cells of what is due to look at it, each lot once at a time. */
function createWaker(ports: SweepPorts, isStopping: () => boolean): Waker {
  const failing = new Set<CellToken>();
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
  /** Once it lets a call wait until its end, the rest of its lots wait for the next round: or all other cells would wait for them. So one goes first. */
  const wakeCell = async ([cell, due]: [CellToken, readonly KnownLot[]]): Promise<void> => {
    const few = createLimit(WAKES_OF_A_CELL);
    let [isSilent, isHeard] = [false, false];
    const unlessSilent = async (lot: KnownLot): Promise<void> => {
      const startedMs = performance.now();
      if (isSilent) return;
      if (await wake(lot)) isHeard = true;
      else isSilent = performance.now() - startedMs > SILENT_MS;
    };
    // of a cell that fails it may be the first lot's fault: another time another one
    const first = failing.has(cell) ? Math.floor(Math.random() * due.length) : 0;
    await wakes(() => unlessSilent(due[first] as KnownLot));
    await Promise.all(due.toSpliced(first, 1).map((lot) => few(() => wakes(() => unlessSilent(lot)))));
    if (isHeard) failing.delete(cell);
    else failing.add(cell);
  };
  return {
    failing: () => [...failing],
    wakeAll: async (due) => {
      const byCell = [...Map.groupBy(due.flatMap(known), ({ lotId }) => cellOf(lotId))];
      const [last, first] = [
        byCell.filter(([cell]) => failing.has(cell)),
        byCell.filter(([cell]) => !failing.has(cell)),
      ];
      await Promise.all([...first, ...last].map(wakeCell));
    },
  };
}

/** Several workers should not all look in the same instant. */
function jittered(ms: number): number {
  return ms * (0.8 + Math.random() * 0.4);
}
