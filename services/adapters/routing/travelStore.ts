import type pg from 'pg';
import type { TravelMode } from '#core/geo/distance.ts';

/** A journey by its keys. */
export interface JourneyKey {
  readonly from: string;
  readonly to: string;
  readonly mode: TravelMode;
}
export interface KnownTime extends JourneyKey {
  /** null: the engine found no road */
  readonly seconds: number | null;
}

/** How "no road" is written: the column is not null. Believed for a week, for maps are mended; a time is for good. */
const NO_ROAD = -1;

export interface TravelStore {
  /** All that is known of the journeys from these places, by their keys. */
  read(places: readonly string[]): Promise<readonly KnownTime[]>;
  keep(times: readonly KnownTime[]): Promise<void>;
}

export function createTravelStore(pool: pg.Pool): TravelStore {
  return { read: (places) => read(pool, places), keep: (times) => keep(pool, times) };
}

async function read(pool: pg.Pool, places: readonly string[]): Promise<KnownTime[]> {
  const { rows } = await pool.query<{ from_place: string; to_place: string; mode: TravelMode; travel_seconds: number }>(
    {
      name: 'read_travel_times',
      text: `select from_place, to_place, mode, travel_seconds from travel_time
              where from_place = any($1::text[]) and (travel_seconds >= 0 or measured_at > now() - interval '7 days')`,
      values: [places],
    },
  );
  return rows.map((row) => ({
    from: row.from_place,
    to: row.to_place,
    mode: row.mode,
    seconds: row.travel_seconds === NO_ROAD ? null : row.travel_seconds,
  }));
}

/** In one order, so that two hosts that measured the same places can't deadlock. */
async function keep(pool: pg.Pool, times: readonly KnownTime[]): Promise<void> {
  await pool.query({
    name: 'keep_travel_times',
    text: `insert into travel_time (from_place, to_place, mode, travel_seconds)
           select * from unnest($1::text[], $2::text[], $3::text[], $4::int[]) as k(from_place, to_place, mode, travel_seconds)
            order by 1, 2, 3
           on conflict (from_place, to_place, mode)
             do update set travel_seconds = excluded.travel_seconds, measured_at = now()`,
    values: [
      times.map((each) => each.from),
      times.map((each) => each.to),
      times.map((each) => each.mode),
      times.map((each) => each.seconds ?? NO_ROAD),
    ],
  });
}
