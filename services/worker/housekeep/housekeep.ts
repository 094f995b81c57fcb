import type { Logger } from 'pino';
import { SIGN_IN_TABLES, type SignInTable } from '#adapters/postgres/sql/housekeeping.ts';

export interface HousekeepPorts {
  /** PostgreSQL's clock and ours agree, give or take an hour */
  readonly isTimeSure: () => Promise<boolean>;
  readonly dropDoneOutboxDays: () => Promise<number>;
  /** signed ids: wherever a command may be kept */
  readonly regions: () => Promise<readonly string[]>;
  readonly deleteOldCommands: (region: string, olderThanDays: number, limit: number) => Promise<number>;
  readonly deleteOldTravelTimes: (olderThanDays: number, limit: number) => Promise<number>;
  readonly deleteOldSignIns: (table: SignInTable, olderThanDays: number, limit: number) => Promise<number>;
  /** an old photo's picture and row; @returns how many went; fewer than `limit`: none is left */
  readonly deleteOldPhotos: (olderThanDays: number, limit: number) => Promise<number>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** Longer than any stream keeps an event, so that a repeat still finds its answer. */
const COMMAND_DAYS = 7;
/** Roads change slowly; what is asked again is measured anew. */
const TRAVEL_TIME_DAYS = 30;
/** So long after it was over one can still look up how a session ended. */
const SIGN_IN_DAYS = 30;
/** Food is good for 30 days at most. */
const PHOTO_DAYS = 40;
/** Short statements: nothing here may hold up a turn. */
const ROWS_A_STATEMENT = 1_000;

/**
 * One cleaning; several workers may do it at once. A part that fails does not keep the others from being done. By a clock that has jumped ahead what
 * is needed tomorrow would look old: then nothing goes.
 */
export async function housekeep(ports: HousekeepPorts): Promise<void> {
  if (!(await ports.isTimeSure())) {
    ports.log.warn({}, "housekeeping waits: PostgreSQL's clock and ours are more than an hour apart");
    return;
  }
  const done = {
    outboxDaysDropped: await attempt(ports, 'outbox days', ports.dropDoneOutboxDays),
    commandsDeleted: await attempt(ports, 'commands', () => deleteCommands(ports)),
    travelTimesDeleted: await attempt(ports, 'travel times', () =>
      untilNoneIsLeft(() => ports.deleteOldTravelTimes(TRAVEL_TIME_DAYS, ROWS_A_STATEMENT)),
    ),
    photosDeleted: await attempt(ports, 'photos', () =>
      untilNoneIsLeft(() => ports.deleteOldPhotos(PHOTO_DAYS, ROWS_A_STATEMENT)),
    ),
    signInsDeleted: await attempt(ports, 'sign-ins', () => deleteSignIns(ports)),
  };
  ports.log.info(done, 'housekeeping');
}

async function attempt(ports: HousekeepPorts, what: string, task: () => Promise<number>): Promise<number | null> {
  try {
    return await task();
  } catch (error) {
    ports.log.warn({ err: error, what }, 'a part of housekeeping failed');
    return null;
  }
}

async function deleteCommands(ports: HousekeepPorts): Promise<number> {
  let deleted = 0;
  for (const region of await ports.regions()) {
    deleted += await untilNoneIsLeft(() => ports.deleteOldCommands(region, COMMAND_DAYS, ROWS_A_STATEMENT));
  }
  return deleted;
}

async function deleteSignIns(ports: HousekeepPorts): Promise<number> {
  let deleted = 0;
  for (const table of SIGN_IN_TABLES) {
    deleted += await untilNoneIsLeft(() => ports.deleteOldSignIns(table, SIGN_IN_DAYS, ROWS_A_STATEMENT));
  }
  return deleted;
}

async function untilNoneIsLeft(deleteSome: () => Promise<number>): Promise<number> {
  let deleted = 0;
  for (;;) {
    const count = await deleteSome();
    deleted += count;
    if (count < ROWS_A_STATEMENT) return deleted;
  }
}
