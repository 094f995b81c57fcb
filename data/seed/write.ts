import type pg from 'pg';
import { cellAt } from '#adapters/geo/s2.ts';
import { regionOf, signedIdOf } from '#core/geo/cell.ts';
import type { RegionToken } from '#core/words/ids.ts';
import type { City, SeedDonor, SeedRecipient } from './organisation.ts';

export interface Written {
  readonly table: 'region' | 'donor' | 'recipient';
  readonly done: number;
  readonly of: number;
}

/** Rows a statement: within the second that the services' role has for one. */
const CHUNK_ROWS = 1_000;

/** Upserts a city. What people have changed since (version > 1) stays as they want it; the same again changes nothing. */
export async function writeCity(
  client: pg.ClientBase,
  city: City,
  onProgress: (written: Written) => void,
): Promise<void> {
  const regions = new Map([...city.donors, ...city.recipients].map((each) => [homeRegion(each), true]));
  const regionRows = [...regions.keys()].map((token) => ({ geo_region_id: signedIdOf(token), token }));
  await inChunks(client, 'region', REGIONS, regionRows, onProgress);
  await inChunks(client, 'donor', DONORS, city.donors.map(donorRow), onProgress);
  await inChunks(client, 'recipient', RECIPIENTS, city.recipients.map(recipientRow), onProgress);
}

function homeRegion(place: SeedDonor): RegionToken {
  return regionOf(cellAt(place));
}

async function inChunks(
  client: pg.ClientBase,
  table: Written['table'],
  statement: string,
  rows: readonly object[],
  onProgress: (written: Written) => void,
): Promise<void> {
  for (let from = 0; from < rows.length; from += CHUNK_ROWS) {
    const chunk = rows.slice(from, from + CHUNK_ROWS);
    await client.query(statement, [JSON.stringify(chunk)]);
    onProgress({ table, done: from + chunk.length, of: rows.length });
  }
}

function donorRow(donor: SeedDonor): object {
  return {
    donor_id: donor.id,
    name: donor.name,
    lat: donor.lat,
    lon: donor.lon,
    home_region_id: signedIdOf(homeRegion(donor)),
    time_zone: donor.timeZone,
    hours: donor.hours,
    hours_text: donor.hoursText,
    categories: donor.categories,
    derived: donor.derived,
    osm: donor.osm,
  };
}

function recipientRow(recipient: SeedRecipient): object {
  const { donor_id: recipient_id, ...row } = donorRow(recipient) as Record<string, unknown>;
  return {
    recipient_id,
    ...row,
    fallback: recipient.fallback,
    storages: recipient.storages,
    needs: recipient.needs,
    travel_mode: recipient.travelMode,
    capacity_grams: recipient.capacityGrams,
    daily_capacity_grams: recipient.dailyCapacityGrams,
    weekly_need_grams: recipient.weeklyNeedGrams,
  };
}

const REGIONS = `
  insert into region (geo_region_id, token)
  select geo_region_id, token from jsonb_to_recordset($1::jsonb) as r(geo_region_id bigint, token text)
  on conflict (geo_region_id) do nothing`;

// `excluded.updated_at` is the column's default, now(): Citus takes no now() in `do update set`.
const DONORS = `
  insert into donor as d (donor_id, name, lat, lon, home_region_id, time_zone, hours, hours_text, categories, derived, osm)
  select * from jsonb_to_recordset($1::jsonb) as r(donor_id text, name text, lat float8, lon float8, home_region_id bigint,
    time_zone text, hours jsonb, hours_text text, categories text[], derived text[], osm text)
  on conflict (donor_id) do update set name = excluded.name, lat = excluded.lat, lon = excluded.lon,
    time_zone = excluded.time_zone, hours = excluded.hours, hours_text = excluded.hours_text, categories = excluded.categories,
    derived = excluded.derived, osm = excluded.osm, updated_at = excluded.updated_at
  where d.version = 1
    and (d.name, d.lat, d.lon, d.time_zone, d.hours, d.hours_text, d.categories, d.derived, d.osm)
      is distinct from (excluded.name, excluded.lat, excluded.lon, excluded.time_zone, excluded.hours, excluded.hours_text,
        excluded.categories, excluded.derived, excluded.osm)`;

const RECIPIENTS = `
  insert into recipient as d (recipient_id, name, lat, lon, home_region_id, time_zone, hours, hours_text, categories, derived, osm,
    fallback, storages, needs, travel_mode, capacity_grams, daily_capacity_grams, weekly_need_grams)
  select * from jsonb_to_recordset($1::jsonb) as r(recipient_id text, name text, lat float8, lon float8, home_region_id bigint,
    time_zone text, hours jsonb, hours_text text, categories text[], derived text[], osm text, fallback boolean,
    storages text[], needs jsonb, travel_mode text, capacity_grams bigint, daily_capacity_grams bigint, weekly_need_grams bigint)
  on conflict (recipient_id) do update set name = excluded.name, lat = excluded.lat, lon = excluded.lon,
    time_zone = excluded.time_zone, hours = excluded.hours, hours_text = excluded.hours_text, categories = excluded.categories,
    derived = excluded.derived, osm = excluded.osm, fallback = excluded.fallback, storages = excluded.storages,
    needs = excluded.needs, travel_mode = excluded.travel_mode, capacity_grams = excluded.capacity_grams,
    daily_capacity_grams = excluded.daily_capacity_grams, weekly_need_grams = excluded.weekly_need_grams, updated_at = excluded.updated_at
  where d.version = 1
    and (d.name, d.lat, d.lon, d.time_zone, d.hours, d.hours_text, d.categories, d.derived, d.osm, d.fallback, d.storages,
      d.needs, d.travel_mode, d.capacity_grams, d.daily_capacity_grams, d.weekly_need_grams)
      is distinct from (excluded.name, excluded.lat, excluded.lon, excluded.time_zone, excluded.hours, excluded.hours_text,
        excluded.categories, excluded.derived, excluded.osm, excluded.fallback, excluded.storages, excluded.needs,
        excluded.travel_mode, excluded.capacity_grams, excluded.daily_capacity_grams, excluded.weekly_need_grams)`;
