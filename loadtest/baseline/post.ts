/** One post, one transaction: key, nearest recipient with room, lot, offer, history, outbox. */
import type pg from 'pg';
import type { Pool } from '#adapters/postgres/pool.ts';
import { inTransaction } from '#adapters/postgres/transaction.ts';
import { newUuid } from '#adapters/ids/uuid.ts';
import type { PostSurplusBody } from '../../services/api/schemas/surplus.ts';

export interface Asked {
  readonly donorId: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly regionId: string;
  readonly lat: number;
  readonly lon: number;
  readonly body: PostSurplusBody;
}

interface Recipient {
  readonly recipient_id: string;
  readonly name: string;
  readonly time_zone: string;
  readonly meters: number;
}

const ACK_TIMEOUT_MS = 300_000;
const METERS_PER_DEGREE = 111_195;

const CLAIM = `insert into baseline.command (geo_region_id, command_id, kind, fingerprint) values ($1, $2, 'post', $3)
  on conflict do nothing`;
const KEPT = 'select fingerprint, answer from baseline.command where geo_region_id = $1 and command_id = $2';
const ANSWER = 'update baseline.command set answer = $3 where geo_region_id = $1 and command_id = $2';
const NEAREST = `select recipient_id, name, time_zone, (place <-> point($1, $2)) * ${String(METERS_PER_DEGREE)} as meters
  from baseline.recipient where $3 = any(categories) and $4 = any(storages) and open_grams + $5 <= capacity_grams
  order by place <-> point($1, $2) limit 1 for update skip locked`;
const RESERVE = 'update baseline.recipient set open_grams = open_grams + $2 where recipient_id = $1';
const LOT = `insert into baseline.lot (geo_region_id, posted_at, lot_id, cell_id, root_id, donor_id, state, version, quantity_grams,
    posted_grams, category, storage, ready_from, safe_until, lat, lon, note, attempt, tries, radius_meters, tried,
    next_action_at, reminded, dead_lettered)
  values ($1, $2, $3, 0, $3, $4, $5, $6, $7, $7, $8, $9, $2, $10, $11, $12, $13, 1, 1, 8000, $14, $15, false, false)`;
const OFFER = `insert into baseline.offer (geo_region_id, posted_at, offer_id, lot_id, attempt, recipient_id, recipient_name, state,
    quantity_grams, deadline, distance_meters, travel_seconds, travel_source, reasons, fallback, offered_at, code_generation,
    wrong_codes, time_zone)
  values ($1, $2, $3, $4, 1, $5, $6, 'open', $7, $8, $9, $10, 'estimate', $11, false, $2, 0, 0, $12)`;
const HISTORY = `insert into baseline.matching_history (geo_region_id, posted_at, lot_id, version, from_state, to_state, reason,
    offer_id, recipient_id, quantity_grams, at)
  values ($1, $2, $3, 1, null, 'posted', 'posted', null, null, $6, $2), ($1, $2, $3, 2, 'posted', 'offered', 'matched', $4, $5, $6, $2)`;
const OUTBOX = `insert into baseline.outbox (geo_region_id, outbox_id, lot_id, lot_version, subject, payload)
  values ($1, $2, $3, 2, 'baseline.offered', $4)`;

/** @returns the answer; null: the key was used for another request */
export function post(pool: Pool, asked: Asked): Promise<object | null> {
  return inTransaction(pool, async (db) => {
    const id = `key:${asked.donorId}:${asked.key}`;
    const claimed = await run(db, 'claim', CLAIM, [asked.regionId, id, asked.fingerprint]);
    if (claimed.rowCount === 0) return await kept(db, asked, id);
    const { body, lat, lon } = asked;
    const near = await run<Recipient>(db, 'nearest', NEAREST, [
      lon,
      lat,
      body.category,
      body.storage,
      body.quantityGrams,
    ]);
    const surplus = await write(db, asked, near.rows[0] ?? null);
    await run(db, 'answer', ANSWER, [asked.regionId, id, JSON.stringify(surplus)]);
    return surplus;
  });
}

async function kept(db: pg.ClientBase, asked: Asked, id: string): Promise<object | null> {
  const { rows } = await run<{ fingerprint: string; answer: object }>(db, 'kept', KEPT, [asked.regionId, id]);
  return rows[0]?.fingerprint === asked.fingerprint ? rows[0].answer : null;
}

async function write(db: pg.ClientBase, asked: Asked, near: Recipient | null): Promise<object> {
  const { regionId, donorId, lat, lon, body } = asked;
  const nowMs = Date.now();
  const [now, deadline] = [new Date(nowMs).toISOString(), new Date(nowMs + ACK_TIMEOUT_MS).toISOString()];
  const { category, storage, quantityGrams, safeUntil, note = null } = body;
  const id = newUuid(nowMs);
  const state = near === null ? 'posted' : 'offered';
  const tried = near === null ? [] : [near.recipient_id];
  const version = near === null ? 1 : 2;
  const food = [donorId, state, version, quantityGrams, category, storage, safeUntil, lat, lon, note, tried, deadline];
  await run(db, 'lot', LOT, [regionId, now, id, ...food]);
  const offer = near === null ? null : offerOf(id, near, quantityGrams, deadline);
  if (near !== null && offer !== null) {
    await run(db, 'reserve', RESERVE, [near.recipient_id, quantityGrams]);
    const { distanceMeters, travelSeconds, reasons } = offer;
    const terms = [distanceMeters, travelSeconds, JSON.stringify(reasons), near.time_zone];
    const to = [offer.id, id, near.recipient_id, near.name, quantityGrams, deadline];
    await run(db, 'offer', OFFER, [regionId, now, ...to, ...terms]);
  }
  await run(db, 'history', HISTORY, [regionId, now, id, offer?.id ?? null, near?.recipient_id ?? null, quantityGrams]);
  const surplus = {
    id,
    donorId,
    state,
    version,
    category,
    storage,
    quantityGrams,
    safeUntil,
    lat,
    lon,
    note,
    postedAt: now,
    offer,
  };
  await run(db, 'outbox', OUTBOX, [regionId, newUuid(nowMs), id, Buffer.from(JSON.stringify(surplus))]);
  return surplus;
}

function offerOf(lotId: string, near: Recipient, quantityGrams: number, deadline: string) {
  const reasons = [{ code: 'distance', text: `${(near.meters / 1000).toFixed(1)} km` }];
  const { recipient_id: recipientId, name: recipientName, meters: distanceMeters } = near;
  const travelSeconds = Math.round(distanceMeters / 4);
  return {
    id: `${lotId}-1`,
    recipientId,
    recipientName,
    quantityGrams,
    deadline,
    distanceMeters,
    travelSeconds,
    reasons,
  };
}

/** Prepared once per connection. */
function run<Row extends pg.QueryResultRow>(db: pg.ClientBase, name: string, text: string, values: unknown[]) {
  return db.query<Row>({ name, text, values });
}
