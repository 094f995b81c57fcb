import type pg from 'pg';
import type { Recipient } from '#core/matching/candidate.ts';
import { isNamed, readable } from './readable.ts';

/** A recipient as PostgreSQL has it, with what orders its changes: `<version>.<updated at, µs>`. */
export interface VersionedRecipient {
  readonly recipient: Recipient;
  readonly version: string;
}

type Row = Omit<
  Recipient,
  'recipientId' | 'capacityGrams' | 'dailyCapacityGrams' | 'weeklyNeedGrams' | 'timeZone' | 'travelMode'
> & {
  readonly recipient_id: Recipient['recipientId'];
  readonly time_zone: string;
  readonly travel_mode: Recipient['travelMode'];
  readonly capacity_grams: string;
  readonly daily_capacity_grams: string;
  readonly weekly_need_grams: string;
  readonly ordered_version: string;
};

/** Of a row `r`. */
export const ORDERED_VERSION = "r.version || '.' || (extract(epoch from r.updated_at) * 1000000)::bigint";
const COLUMNS = `r.recipient_id, r.name, r.lat, r.lon, r.time_zone, r.active, r.fallback, r.categories, r.storages, r.needs, r.hours,
  r.travel_mode, r.capacity_grams, r.daily_capacity_grams, r.weekly_need_grams, ${ORDERED_VERSION} as ordered_version`;

const PAGE_ROWS = 500;

/** All recipients whose id is one, by id, page by page: no statement outlasts the role's second. */
export async function* allRecipients(pool: pg.Pool): AsyncGenerator<readonly VersionedRecipient[]> {
  for (let after = ''; ;) {
    const { rows } = await pool.query<Row>(
      `select ${COLUMNS} from recipient r where r.recipient_id > $1 order by r.recipient_id limit ${String(PAGE_ROWS)}`,
      [after],
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.flatMap(versioned);
    after = last.recipient_id;
  }
}

export async function oneRecipient(pool: pg.Pool, recipientId: string): Promise<VersionedRecipient | null> {
  const { rows } = await pool.query<Row>(`select ${COLUMNS} from recipient r where r.recipient_id = $1`, [recipientId]);
  return rows.flatMap(versioned)[0] ?? null;
}

export interface Changes {
  readonly recipients: readonly VersionedRecipient[];
  /** PostgreSQL's time of asking: where the next question starts */
  readonly askedAt: string;
}

/**
 * Recipients changed since a time (as PostgreSQL printed it). Rows are committed later than their `updated_at`: the
 * question overlaps by more than any transaction of the services' role may last (1 s).
 */
export async function recipientsChangedSince(pool: pg.Pool, since: string): Promise<Changes> {
  const { rows } = await pool.query<(Row & { asked_at: string }) | { recipient_id: null; asked_at: string }>(
    `select now()::text as asked_at, ${COLUMNS}
       from (select 1) as once left join recipient r on r.updated_at > $1::timestamptz - interval '5 seconds'`,
    [since],
  );
  return {
    askedAt: rows[0]?.asked_at ?? since,
    recipients: rows.flatMap((row) => (row.recipient_id === null ? [] : versioned(row))),
  };
}

export async function databaseTime(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ now: string }>('select now()::text as now');
  return rows[0]?.now ?? new Date(0).toISOString();
}

function versioned(row: Row): VersionedRecipient[] {
  if (!isNamed(row.recipient_id)) return [];
  const recipient = readable({
    recipientId: row.recipient_id,
    name: row.name,
    lat: row.lat,
    lon: row.lon,
    active: row.active,
    fallback: row.fallback,
    categories: row.categories,
    storages: row.storages,
    needs: row.needs,
    hours: row.hours,
    timeZone: row.time_zone,
    travelMode: row.travel_mode,
    capacityGrams: Number(row.capacity_grams),
    dailyCapacityGrams: Number(row.daily_capacity_grams),
    weeklyNeedGrams: Number(row.weekly_need_grams),
  });
  return [{ recipient, version: row.ordered_version }];
}
