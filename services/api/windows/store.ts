/** A donor's recurring windows: each write with its audit row in one transaction; when it posts next is worked out here. */
import type { Pool } from '#adapters/postgres/pool.ts';
import type { Queryable } from '#adapters/postgres/sql/queryable.ts';
import { readOrganisation } from '#adapters/postgres/sql/organisations.ts';
import * as windows from '#adapters/postgres/sql/windows.ts';
import type { PostingWindow, WindowTold } from '#adapters/postgres/sql/windows.ts';
import { writeAudit } from '#adapters/postgres/sql/writeAudit.ts';
import { inTransaction } from '#adapters/postgres/transaction.ts';
import { localDay } from '#core/matching/hours.ts';
import { MAX_SKIPS, nextOccurrence, type Occurrence, type Schedule } from '#core/windows/schedule.ts';
import type { DonorId } from '#core/words/ids.ts';
import { malformed, Problem } from '../problems.ts';

export interface WindowStoreDependencies {
  readonly pool: Pool;
  readonly nowMs: () => number;
  readonly newId: () => string;
}

export interface WindowStore {
  list(donorId: DonorId): Promise<PostingWindow[]>;
  save(donorId: DonorId, id: string, told: WindowTold): Promise<PostingWindow>;
  /** @throws Problem not-found, window-over */
  skip(donorId: DonorId, id: string, day: string, skipped: boolean): Promise<PostingWindow>;
  remove(donorId: DonorId, id: string): Promise<void>;
}

/** More a kitchen doesn't have; a program that runs wild would. */
const MAX_WINDOWS = 50;

export function createWindowStore({ pool, nowMs, newId }: WindowStoreDependencies): WindowStore {
  async function zoneOf(db: Queryable, donorId: DonorId): Promise<string> {
    const donor = await readOrganisation(db, 'donor', donorId);
    if (donor === null) throw new Problem('organisation-unknown', 'The donor is gone.');
    return String(donor.told['timeZone']);
  }
  function audit(db: Queryable, donorId: string, action: string, id: string, after: object | null): Promise<void> {
    const entry = { id: newId(), role: 'donor', actor: donorId, action, subject: `window:${id}`, why: null };
    return writeAudit(db, { ...entry, before: null, after });
  }

  return {
    list: (donorId) => windows.listWindows(pool, donorId),

    save: (donorId, id, told) =>
      inTransaction(pool, async (db) => {
        const timeZone = await zoneOf(db, donorId);
        const before = await windows.lockWindow(db, id);
        if (before === null && (await windows.listWindows(db, donorId)).length >= MAX_WINDOWS)
          throw malformed('id', `you have ${String(MAX_WINDOWS)} windows already; remove one first`);
        const skips = upcoming(before?.skips ?? [], timeZone, nowMs());
        const next = nextOf({ ...told, skips }, timeZone, before, nowMs());
        const saved = await windows.saveWindow(db, { ...told, id, donorId, skips, next });
        if (saved === null) throw notThere();
        await audit(db, donorId, 'window.save', id, told);
        return saved;
      }),

    skip: (donorId, id, day, skipped) =>
      inTransaction(pool, async (db) => {
        const timeZone = await zoneOf(db, donorId);
        const before = await windows.lockWindow(db, id);
        if (before?.donorId !== donorId) throw notThere();
        if (before.skips.includes(day) === skipped) return before;
        refuseOver(before, day, timeZone, nowMs());
        const others = upcoming(before.skips, timeZone, nowMs()).filter((each) => each !== day);
        const skips = skipped ? [...others, day].sort() : others;
        if (skips.length > MAX_SKIPS) throw malformed('day', `at most ${String(MAX_SKIPS)} days are skipped: pause it`);
        const next = nextOf({ ...before, skips }, timeZone, before, nowMs());
        const saved = await windows.saveWindow(db, { ...before, skips, next });
        await audit(db, donorId, skipped ? 'window.skip' : 'window.unskip', id, { day });
        return saved ?? before;
      }),

    remove: (donorId, id) =>
      inTransaction(pool, async (db) => {
        if (await windows.removeWindow(db, donorId, id)) await audit(db, donorId, 'window.remove', id, null);
      }),
  };
}

/** A day that a worker has taken stays the next one, whatever is told now, until it is known what became of it: it is asked for again. */
function nextOf(schedule: Schedule, zone: string, before: PostingWindow | null, nowMs: number): Occurrence | null {
  const isAsked = before !== null && isUnderWay(before) && before.next?.day === before.postingDay;
  if (isAsked && !schedule.paused) return before.next;
  return nextOccurrence(schedule, zone, nowMs, before?.last?.day ?? null);
}

/** A worker has taken a day, and not written down yet what became of it. */
function isUnderWay({ postingDay, last }: PostingWindow): boolean {
  return postingDay !== null && (last === null || last.day < postingDay);
}

function upcoming(skips: readonly string[], timeZone: string, nowMs: number): string[] {
  const today = localDay(timeZone, nowMs);
  return skips.filter((day) => day >= today);
}

/** @throws Problem window-over */
function refuseOver(window: PostingWindow, day: string, timeZone: string, nowMs: number): void {
  if (day === window.postingDay && isUnderWay(window))
    throw new Problem('window-over', `It is being posted on ${day}; cancel the surplus once it is there.`);
  if (window.postingDay !== null && day <= window.postingDay)
    throw new Problem('window-over', `It has posted on ${window.postingDay}; cancel the surplus instead.`);
  if (day < localDay(timeZone, nowMs)) throw new Problem('window-over', `${day} has passed.`);
}

function notThere(): Problem {
  return new Problem('not-found', 'There is no such recurring window of yours.');
}
