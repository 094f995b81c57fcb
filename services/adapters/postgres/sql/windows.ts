/** Rows of recurring windows, as the api tells them and the worker posts them. */
import type { Category, Storage, Temperature } from '#core/words/food.ts';
import type { Occurrence, Schedule } from '#core/windows/schedule.ts';
import type { Queryable } from './queryable.ts';

export type WindowOutcome = 'posted' | 'missed' | 'refused' | 'paused';

/** What a donor tells of a window. */
export interface WindowTold extends Omit<Schedule, 'skips'> {
  readonly category: Category;
  readonly storage: Storage;
  readonly quantityGrams: number;
  readonly goodForMinutes: number;
  readonly note: string | null;
  readonly temperature: Temperature | null;
}

export interface PostingWindow extends WindowTold, Schedule {
  readonly id: string;
  readonly donorId: string;
  readonly version: number;
  readonly next: Occurrence | null;
  /** taken by a worker; done already or just now */
  readonly postingDay: string | null;
  readonly last: { readonly day: string; readonly outcome: WindowOutcome; readonly surplusId: string | null } | null;
}

interface Row {
  readonly window_id: string;
  readonly donor_id: string;
  readonly version: number;
  readonly minute_of_day: number;
  readonly weekdays: number[];
  readonly category: Category;
  readonly storage: Storage;
  readonly quantity_grams: string;
  readonly good_for_minutes: number;
  readonly note: string | null;
  readonly temperature: Temperature | null;
  readonly paused: boolean;
  readonly skips: string[];
  readonly next_day: string | null;
  readonly next_at: Date | null;
  readonly posting_day: string | null;
  readonly last_day: string | null;
  readonly last_outcome: WindowOutcome | null;
  readonly last_lot_id: string | null;
}

function windowOf(row: Row): PostingWindow {
  const { next_day: nextDay, next_at: nextAt, last_day: lastDay, last_outcome: outcome } = row;
  return {
    id: row.window_id,
    donorId: row.donor_id,
    version: row.version,
    minuteOfDay: row.minute_of_day,
    weekdays: row.weekdays,
    category: row.category,
    storage: row.storage,
    quantityGrams: Number(row.quantity_grams),
    goodForMinutes: row.good_for_minutes,
    note: row.note,
    temperature: row.temperature,
    paused: row.paused,
    skips: row.skips,
    next: nextDay === null || nextAt === null ? null : { day: nextDay, atMs: nextAt.getTime() },
    postingDay: row.posting_day,
    last: lastDay === null || outcome === null ? null : { day: lastDay, outcome, surplusId: row.last_lot_id },
  };
}

export async function listWindows(db: Queryable, donorId: string): Promise<PostingWindow[]> {
  const text = 'select * from posting_window where donor_id = $1 order by created_at, window_id';
  const { rows } = await db.query<Row>({ name: 'list_windows', text, values: [donorId] });
  return rows.map(windowOf);
}

/** Within a transaction: nobody else changes or takes it until its end. */
export async function lockWindow(db: Queryable, id: string): Promise<PostingWindow | null> {
  const { rows } = await db.query<Row>('select * from posting_window where window_id = $1 for update', [id]);
  return rows[0] === undefined ? null : windowOf(rows[0]);
}

export type WindowToSave = WindowTold & Pick<PostingWindow, 'id' | 'donorId' | 'skips' | 'next'>;

/** A new one, or all that is told of one of this donor. @returns null: the id is another donor's */
export async function saveWindow(db: Queryable, given: WindowToSave): Promise<PostingWindow | null> {
  const { rows } = await db.query<Row>(
    `insert into posting_window as w (window_id, donor_id, minute_of_day, weekdays, category, storage, quantity_grams,
       good_for_minutes, note, temperature, paused, skips, next_day, next_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
     on conflict (window_id) do update set minute_of_day = excluded.minute_of_day, weekdays = excluded.weekdays,
       category = excluded.category, storage = excluded.storage, quantity_grams = excluded.quantity_grams,
       good_for_minutes = excluded.good_for_minutes, note = excluded.note, temperature = excluded.temperature,
       paused = excluded.paused, skips = excluded.skips, next_day = excluded.next_day, next_at = excluded.next_at,
       version = w.version + 1, updated_at = now()
     where w.donor_id = excluded.donor_id
     returning *`,
    [
      given.id,
      given.donorId,
      given.minuteOfDay,
      given.weekdays,
      given.category,
      given.storage,
      given.quantityGrams,
      given.goodForMinutes,
      given.note,
      given.temperature,
      given.paused,
      given.skips,
      given.next?.day ?? null,
      given.next === null ? null : new Date(given.next.atMs),
    ],
  );
  return rows[0] === undefined ? null : windowOf(rows[0]);
}

/** @returns whether there was one of this donor */
export async function removeWindow(db: Queryable, donorId: string, id: string): Promise<boolean> {
  const removed = await db.query('delete from posting_window where window_id = $1 and donor_id = $2', [id, donorId]);
  return (removed.rowCount ?? 0) > 0;
}

/** A window whose time has come, with what a post needs to know of its donor. */
export interface DueWindow extends PostingWindow {
  readonly lat: number;
  readonly lon: number;
  readonly timeZone: string;
  readonly donorPaused: boolean;
}

interface DonorPart {
  readonly lat: number;
  readonly lon: number;
  readonly time_zone: string;
  readonly active: boolean;
}

/** The longest due first, before them those nobody has asked for yet: cells that are away hold up nobody else. Of donors who are paused, too. */
export async function findDueWindows(db: Queryable, limit: number): Promise<DueWindow[]> {
  const { rows } = await db.query<Row & DonorPart>({
    name: 'find_due_windows',
    text: `select w.*, d.lat, d.lon, d.time_zone, d.active from posting_window w join donor d using (donor_id)
      where w.next_at <= now() order by w.posting_day is not distinct from w.next_day, w.next_at limit $1`,
    values: [limit],
  });
  return rows.map((row) => {
    const { lat, lon, time_zone: timeZone, active } = row;
    return { ...windowOf(row), lat, lon, timeZone, donorPaused: !active };
  });
}

/**
 * Takes the window's next day, as it was read: from here on that day is posted, whoever does it.
 * @returns false when it was changed, skipped or done meanwhile
 */
export async function takeWindowDay(db: Queryable, window: PostingWindow): Promise<boolean> {
  const taken = await db.query({
    name: 'take_window_day',
    text: 'update posting_window set posting_day = next_day where window_id = $1 and version = $2 and next_day = $3',
    values: [window.id, window.version, window.next?.day],
  });
  return taken.rowCount === 1;
}

export interface WindowDone {
  readonly outcome: WindowOutcome;
  readonly surplusId: string | null;
  readonly next: Occurrence | null;
}

/**
 * A second worker's word on the same day changes nothing. A change meanwhile (its version) keeps its own next time; if that is this very
 * day, it is due once more, and closed by what was told then.
 */
export async function closeWindowDay(db: Queryable, window: PostingWindow, done: WindowDone): Promise<void> {
  const { outcome, surplusId, next } = done;
  const nextAt = next === null ? null : new Date(next.atMs);
  await db.query({
    name: 'close_window_day',
    text: `update posting_window set last_day = $3, last_outcome = $4, last_lot_id = $5,
        next_day = case when version = $2 then $6 else next_day end,
        next_at = case when version = $2 then $7::timestamptz else next_at end
      where window_id = $1 and (last_day is null or last_day < $3 or next_day = $3)
        and (version = $2 or posting_day = $3)`,
    values: [window.id, window.version, window.next?.day, outcome, surplusId, next?.day ?? null, nextAt],
  });
}
