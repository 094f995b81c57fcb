/** What is left after a campaign: read from PostgreSQL, JetStream and the API; the laws judge it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fromBinary } from '@bufbuild/protobuf';
import { jetstreamManager, JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import { keysOf } from '#adapters/redis/keys.ts';
import { LotEventSchema, type Lot } from '#proto/gen/pahlawan/v1/events_pb.js';
import type { Operation, Repeat } from './operations.ts';
import { withDatabase } from './withDatabase.ts';

export interface LotRow {
  readonly lotId: string;
  readonly rootId: string;
  readonly parentId: string | null;
  readonly donorId: string;
  readonly state: string;
  readonly version: number;
  readonly grams: number;
  readonly postedGrams: number;
  readonly note: string | null;
  readonly safeUntilMs: number;
  /** null: ended */
  readonly nextActionAtMs: number | null;
}

export interface OfferRow {
  readonly offerId: string;
  readonly lotId: string;
  readonly attempt: number;
  readonly recipientId: string;
  readonly state: string;
  readonly grams: number;
  readonly fallback: boolean;
  /** unix ms: nobody may take it back before; null: it has none */
  readonly deadlineMs: number | null;
  /** its recipient was told, or nobody is to be told */
  readonly notified: boolean;
}

/** A row of matching_history. */
export interface StepRow {
  readonly lotId: string;
  readonly version: number;
  readonly from: string | null;
  readonly to: string;
  readonly reason: string;
  readonly offerId: string | null;
  readonly recipientId: string | null;
  readonly grams: number;
  readonly atMs: number;
}

export interface RecipientRow {
  readonly recipientId: string;
  readonly capacityGrams: number;
  readonly dailyCapacityGrams: number;
  readonly timeZone: string;
  /** of recipient_day, over all days and regions */
  readonly bookedGrams: number;
}

export interface EventRow {
  readonly outboxId: string;
  readonly lotId: string;
  readonly version: number;
  readonly digest: string;
  /** by PostgreSQL's clock, when its transaction began */
  readonly createdAtMs: number;
  /** by a clock that nobody moves */
  readonly writtenAtMs: number;
  readonly published: boolean;
}

export interface StreamMessage {
  readonly seq: number;
  readonly lotId: string;
  readonly version: number;
  readonly digest: string;
}

/** A cell's row as it was written: each activation, in the order of the commits' triggers. */
export interface Activation {
  readonly seq: number;
  readonly cell: string;
  readonly epoch: number;
  readonly owner: string;
}

/** A turn that was written though its cell had a newer owner. */
export interface StaleWrite {
  readonly cell: string;
  readonly epoch: number;
  readonly ownersEpoch: number;
}

/** What Redis says of a recipient. */
export interface Counter {
  readonly recipientId: string;
  readonly openGrams: number;
  /** it has a place on the map, its facts, and the version of them */
  readonly canBeFound: boolean;
}

export interface ConsumerLeft {
  readonly stream: string;
  readonly durable: string;
  /** messages yet to be dealt with; null: there is no such consumer */
  readonly left: number | null;
}

export interface Ledger {
  readonly postedGrams: number;
  readonly collectedGrams: number;
  readonly expiredGrams: number;
  readonly cancelledGrams: number;
  readonly openGrams: number;
}

export interface Evidence {
  readonly operations: readonly Operation[];
  readonly repeats: readonly Repeat[];
  readonly lots: readonly LotRow[];
  readonly offers: readonly OfferRow[];
  readonly steps: readonly StepRow[];
  readonly recipients: readonly RecipientRow[];
  readonly outbox: readonly EventRow[];
  readonly stream: readonly StreamMessage[];
  /** unix ms: the stream holds nothing older; deleted and made anew, or purged, since the start, perhaps */
  readonly streamSinceMs: number;
  /** of the worker's roles, after a while for what is left */
  readonly consumers: readonly ConsumerLeft[];
  readonly activations: readonly Activation[];
  readonly staleWrites: readonly StaleWrite[];
  /** of Redis, after the last sweep of tokens */
  readonly counters: readonly Counter[];
  /** of GET /v1/stats */
  readonly ledger: Ledger;
  readonly takenAtMs: number;
}

const ms = (column: string): string => `(extract(epoch from ${column}) * 1000)::float8`;

/**
 * Records from now on every write of `cell`, each turn that was written past its cell's fence, and when each version of a lot was written by the
 * time since this machine started, which no fault moves.
 * @param databaseUrl as the schema's owner
 * @param superuserUrl for whoever may read the machine's files
 */
export async function watchWrites(databaseUrl: string, superuserUrl: string): Promise<void> {
  const bootedAtMs = Date.now() - Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
  await withDatabase(superuserUrl, async (client) => {
    // By default WAL may take as much as its whole small disk has: then PostgreSQL is full by itself, and recovers no more.
    await client.query(`alter system set max_wal_size = '256MB'`);
    await client.query('select pg_reload_conf()');
    await client.query(`
      create function fault_true_ms() returns float8 language sql security definer as $$
        select split_part(pg_read_file('/proc/uptime'), ' ', 1)::float8 * 1000 + ${String(bootedAtMs)}
      $$;`);
  });
  await withDatabase(databaseUrl, async (client) => {
    await client.query(`
      create table fault_activation (seq bigint generated always as identity, cell text, epoch bigint, owner text);
      create function fault_note_activation() returns trigger language plpgsql security definer as $$
      begin
        insert into fault_activation (cell, epoch, owner) values (new.cell_id::text, new.epoch, new.owner);
        return new;
      end $$;
      create trigger fault_activation after insert or update on cell for each row execute function fault_note_activation();
      create table fault_stale_write (cell text, epoch bigint, owners_epoch bigint);
      create table fault_written (lot_id text, lot_version integer, at_ms float8);
      grant insert on fault_stale_write, fault_written to public;
      alter function write_turns rename to fault_watched_turns;
      create function write_turns(
        p_region bigint, p_cells jsonb, p_not_after timestamptz, p_commands jsonb, p_new_lots jsonb, p_lots jsonb,
        p_new_offers jsonb, p_offers jsonb, p_history jsonb, p_outbox jsonb, p_days jsonb
      ) returns void language plpgsql as $$
      begin
        perform fault_watched_turns(p_region, p_cells, p_not_after, p_commands, p_new_lots, p_lots, p_new_offers, p_offers,
          p_history, p_outbox, p_days);
        insert into fault_stale_write select cell.cell_id::text, c.epoch, cell.epoch
          from jsonb_to_recordset(p_cells) as c(cell_id bigint, epoch bigint)
          join cell on cell.geo_region_id = p_region and cell.cell_id = c.cell_id and cell.epoch <> c.epoch;
        insert into fault_written select b.lot_id, b.lot_version, fault_true_ms()
          from jsonb_to_recordset(p_outbox) as b(lot_id text, lot_version integer);
      end $$;`);
  });
}

const COUNTERS_WITHIN_MS = 25_000;

/** Each recipient's open grams and whether it can be found, once Redis and PostgreSQL agree; if they never do, as they stand. */
export async function readCounters(redisUrl: string): Promise<Counter[]> {
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: 2 });
  redis.on('error', () => undefined);
  try {
    const deadlineMs = performance.now() + COUNTERS_WITHIN_MS;
    for (;;) {
      const counters = await countersOf(redis);
      // All lots have ended: nothing is open.
      const isDone =
        counters.length > 0 && counters.every(({ openGrams, canBeFound }) => openGrams === 0 && canBeFound);
      if (isDone || performance.now() > deadlineMs) return counters;
      await pause(1_000);
    }
  } finally {
    redis.disconnect();
  }
}

async function countersOf(redis: Redis): Promise<Counter[]> {
  const keys = keysOf('pp');
  const [, generation = ''] = (await redis.get(keys.marker))?.split(' ') ?? [];
  const below = keys.of(generation);
  const prefix = below.counters('');
  const found = await redis.keys(`${prefix}*`);
  return await Promise.all(
    found.map(async (key) => {
      const recipientId = key.slice(prefix.length);
      const [open, version] = await redis.hmget(key, 'open', 'v');
      const [place, lastResort] = await Promise.all([
        redis.zscore(below.geo, recipientId),
        redis.zscore(below.fallback, recipientId),
      ]);
      const hasFacts = (await redis.exists(below.facts(recipientId))) === 1;
      const canBeFound = hasFacts && Boolean(version) && (place ?? lastResort) !== null;
      return { recipientId, openGrams: Number(open ?? 0), canBeFound };
    }),
  );
}

type Rows = Pick<Evidence, 'lots' | 'offers' | 'steps' | 'recipients' | 'outbox' | 'activations' | 'staleWrites'>;

/** Steps carry the time by which their hosts decided: PostgreSQL's. `inTrueTime` makes it everybody's. */
export async function readDatabase(databaseUrl: string): Promise<Rows> {
  return await withDatabase(databaseUrl, async (client) => {
    await client.query('begin isolation level repeatable read read only');
    const rows = async <Row>(sql: string): Promise<Row[]> => (await client.query(sql)).rows as Row[];
    return {
      lots: await rows<LotRow>(`select lot_id as "lotId", root_id as "rootId", parent_id as "parentId", donor_id as "donorId",
        state, version, quantity_grams::float8 as grams, posted_grams::float8 as "postedGrams", note,
        ${ms('safe_until')} as "safeUntilMs", ${ms('next_action_at')} as "nextActionAtMs" from lot`),
      offers:
        await rows<OfferRow>(`select offer_id as "offerId", lot_id as "lotId", attempt, recipient_id as "recipientId",
        state, quantity_grams::float8 as grams, fallback, ${ms('deadline')} as "deadlineMs", notified_at is not null as notified from offer`),
      steps: await rows<StepRow>(`select lot_id as "lotId", version, from_state as "from", to_state as "to", reason,
        offer_id as "offerId", recipient_id as "recipientId", quantity_grams::float8 as grams, ${ms('at')} as "atMs"
        from matching_history order by lot_id, version`),
      recipients:
        await rows<RecipientRow>(`select recipient_id as "recipientId", capacity_grams::float8 as "capacityGrams",
        daily_capacity_grams::float8 as "dailyCapacityGrams", time_zone as "timeZone",
        coalesce((select sum(collected_grams) from recipient_day d where d.recipient_id = r.recipient_id), 0)::float8
          as "bookedGrams" from recipient r`),
      outbox: await rows<EventRow>(`select outbox_id::text as "outboxId", lot_id as "lotId", lot_version as version,
        encode(sha256(payload), 'hex') as digest, ${ms('created_at')} as "createdAtMs",
        coalesce(at_ms, ${ms('created_at')}) as "writtenAtMs", published_at is not null as published from outbox
        left join (select lot_id, lot_version, min(at_ms) as at_ms from fault_written group by lot_id, lot_version) written
          using (lot_id, lot_version)`),
      activations: await rows<Activation>(
        'select seq::float8 as seq, cell, epoch::float8 as epoch, owner from fault_activation order by seq',
      ),
      staleWrites: await rows<StaleWrite>(
        'select cell, epoch::float8 as epoch, owners_epoch::float8 as "ownersEpoch" from fault_stale_write',
      ),
    };
  });
}

/** All messages of LOTS. Without the stream there are none, and nothing is older than now. */
export async function readStream(natsUrl: string): Promise<{ stream: StreamMessage[]; createdAtMs: number }> {
  const connection = await connect({ servers: natsUrl });
  try {
    const manager = await jetstreamManager(connection);
    const info = await manager.streams.info('LOTS');
    const stream: StreamMessage[] = [];
    for (let seq = Math.max(1, info.state.first_seq); seq <= info.state.last_seq; seq++) {
      const message = await messageAt(manager, seq);
      if (message !== null) stream.push(message);
    }
    return { stream, createdAtMs: Date.parse(info.created) };
  } catch (error) {
    if (error instanceof JetStreamApiError) return { stream: [], createdAtMs: Date.now() };
    throw error;
  } finally {
    await connection.close();
  }
}

const CONSUMERS = [
  { stream: 'LOTS', durable: 'rematch' },
  { stream: 'LOTS', durable: 'notify' },
  { stream: 'DEADLETTERS', durable: 'escalate' },
] as const;
/** What failed is tried again within half a minute. */
const DEALT_WITH_MS = 60_000;

export async function readConsumers(natsUrl: string): Promise<ConsumerLeft[]> {
  const connection = await connect({ servers: natsUrl });
  const deadlineMs = performance.now() + DEALT_WITH_MS;
  try {
    const manager = await jetstreamManager(connection);
    const leftOf = async (stream: string, durable: string): Promise<number | null> => {
      const info = await manager.consumers.info(stream, durable).catch(() => null);
      return info === null ? null : info.num_pending + info.num_ack_pending;
    };
    for (;;) {
      const found = await Promise.all(
        CONSUMERS.map(async (each) => ({ ...each, left: await leftOf(each.stream, each.durable) })),
      );
      if (found.every(({ left }) => left === 0) || performance.now() > deadlineMs) return found;
      await pause(1_000);
    }
  } finally {
    await connection.close();
  }
}

async function messageAt(manager: JetStreamManager, seq: number): Promise<StreamMessage | null> {
  const stored = await manager.streams.getMessage('LOTS', { seq });
  if (stored === null) return null;
  const lot = lotIn(stored.data);
  if (lot === null) return null;
  const digest = createHash('sha256').update(stored.data).digest('hex');
  return { seq, lotId: lot.id, version: lot.version, digest };
}

/** null: somebody's bytes on our subjects, which a fault may be. Ours can all be read: workers would have dead-lettered them. */
function lotIn(data: Uint8Array): Lot | null {
  try {
    return fromBinary(LotEventSchema, data).lot ?? null;
  } catch {
    return null;
  }
}
