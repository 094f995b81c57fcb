/** Donors and recipients as the api registers, shows and changes them: two reference tables with the same frame. */
import type { Sealed } from '../../crypto/sealed.ts';
import type { Queryable } from './queryable.ts';

export type OrganisationKind = 'donor' | 'recipient';

export interface Organisation {
  readonly id: string;
  readonly name: string;
  readonly lat: number;
  readonly lon: number;
  /** PostgreSQL's bigint in decimal */
  readonly homeRegionId: string;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly contact: Sealed | null;
  /** which fields were derived, not told, by their names in the API */
  readonly derived: readonly string[];
  /** what the kinds differ in, by its names in the API */
  readonly told: Readonly<Record<string, unknown>>;
}

/** Names in the API → columns. What stands here may be registered and changed; home region and place may not change. */
const TOLD = {
  donor: {
    timeZone: 'time_zone',
    active: 'active',
    pausedByOperator: 'paused_by_operator',
    hours: 'hours',
    openingHours: 'hours_text',
    categories: 'categories',
  },
  recipient: {
    timeZone: 'time_zone',
    active: 'active',
    pausedByOperator: 'paused_by_operator',
    fallback: 'fallback',
    hours: 'hours',
    openingHours: 'hours_text',
    categories: 'categories',
    storages: 'storages',
    needs: 'needs',
    travelMode: 'travel_mode',
    capacityGrams: 'capacity_grams',
    dailyCapacityGrams: 'daily_capacity_grams',
    weeklyNeedGrams: 'weekly_need_grams',
  },
} as const satisfies Record<OrganisationKind, Record<string, string>>;

const JSON_COLUMNS: ReadonlySet<string> = new Set(['hours', 'needs']);
const BIGINT_COLUMNS: ReadonlySet<string> = new Set(['capacity_grams', 'daily_capacity_grams', 'weekly_need_grams']);

type Row = Readonly<Record<string, unknown>>;

export interface Registration {
  readonly id: string;
  readonly name: string;
  readonly lat: number;
  readonly lon: number;
  readonly homeRegionId: string;
  readonly contact: Sealed | null;
  readonly told: Readonly<Record<string, unknown>>;
}

/** null: the id is taken. */
export async function registerOrganisation(
  db: Queryable,
  kind: OrganisationKind,
  given: Registration,
): Promise<Organisation | null> {
  const { columns, values } = toldColumns(kind, given.told);
  const frame = [given.id, given.name, given.lat, given.lon, given.homeRegionId];
  const all = [...frame, given.contact?.cipher ?? null, given.contact?.keyId ?? null, ...values];
  const { rows } = await db.query<Row>(
    `insert into ${kind} (${[`${kind}_id`, 'name', 'lat', 'lon', 'home_region_id', 'contact_cipher', 'contact_key_id', ...columns].join(', ')})
     values (${all.map((_, index) => `$${String(index + 1)}`).join(', ')})
     on conflict do nothing returning *`,
    all,
  );
  return rows[0] === undefined ? null : organisationOf(kind, rows[0]);
}

/** @param forChange locks the row until the transaction ends */
export async function readOrganisation(
  db: Queryable,
  kind: OrganisationKind,
  id: string,
  forChange = false,
): Promise<Organisation | null> {
  const { rows } = await db.query<Row>(`select * from ${kind} where ${kind}_id = $1${forChange ? ' for update' : ''}`, [
    id,
  ]);
  return rows[0] === undefined ? null : organisationOf(kind, rows[0]);
}

/** By id, after `afterId`. */
export async function listOrganisations(
  db: Queryable,
  kind: OrganisationKind,
  page: { readonly afterId: string; readonly limit: number },
): Promise<Organisation[]> {
  const { rows } = await db.query<Row>(`select * from ${kind} where ${kind}_id > $1 order by ${kind}_id limit $2`, [
    page.afterId,
    page.limit,
  ]);
  return rows.map((row) => organisationOf(kind, row));
}

export interface Change {
  /** undefined: as it was; null: none */
  readonly contact: Sealed | null | undefined;
  readonly told: Readonly<Record<string, unknown>>;
}

/** What was told is no longer derived. The caller holds the row and has compared versions. */
export async function changeOrganisation(
  db: Queryable,
  kind: OrganisationKind,
  id: string,
  change: Change,
): Promise<Organisation> {
  const { columns, values } = toldColumns(kind, change.told);
  const contact = change.contact === undefined ? [] : [change.contact?.cipher ?? null, change.contact?.keyId ?? null];
  const names = [...columns, ...(contact.length === 0 ? [] : ['contact_cipher', 'contact_key_id'])];
  const sets = names.map((name, index) => `${name} = $${String(index + 3)}`);
  const { rows } = await db.query<Row>(
    `update ${kind} set ${[...sets, ''].join(', ')}derived = array(select d from unnest(derived) as d where d <> all($2::text[])),
       version = version + 1, updated_at = now() where ${kind}_id = $1 returning *`,
    [id, Object.keys(change.told), ...values, ...contact],
  );
  if (rows[0] === undefined) throw new Error(`the ${kind} is gone`);
  return organisationOf(kind, rows[0]);
}

/** Only names from the table above become SQL. */
function toldColumns(kind: OrganisationKind, told: Readonly<Record<string, unknown>>) {
  const known: Readonly<Record<string, string>> = TOLD[kind];
  const entries = Object.entries(known).filter(([name]) => Object.hasOwn(told, name));
  return {
    columns: entries.map(([, column]) => column),
    values: entries.map(([name, column]) => (JSON_COLUMNS.has(column) ? JSON.stringify(told[name]) : told[name])),
  };
}

function organisationOf(kind: OrganisationKind, row: Row): Organisation {
  const cipher = row['contact_cipher'] as Buffer | null;
  const keyId = row['contact_key_id'] as string | null;
  const told = Object.entries(TOLD[kind]).map(([name, column]) => [
    name,
    BIGINT_COLUMNS.has(column) ? Number(row[column]) : row[column],
  ]);
  return {
    id: row[`${kind}_id`] as string,
    name: row['name'] as string,
    lat: row['lat'] as number,
    lon: row['lon'] as number,
    homeRegionId: row['home_region_id'] as string,
    version: row['version'] as number,
    createdAt: row['created_at'] as Date,
    updatedAt: row['updated_at'] as Date,
    contact: cipher === null || keyId === null ? null : { cipher, keyId },
    derived: row['derived'] as string[],
    told: Object.fromEntries(told) as Record<string, unknown>,
  };
}
