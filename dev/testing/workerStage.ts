/** A stage for the worker's tests: real PostgreSQL and NATS, lots written straight into the tables, a cell that notes what it is told. */
import pg from 'pg';
import { create, toBinary } from '@bufbuild/protobuf';
import { LotEventSchema, type LotEvent } from '#proto/gen/pahlawan/v1/events_pb.js';
import { regionOf, signedIdOf } from '#core/geo/cell.ts';
import type { Command } from '#core/lots/command.ts';
import { lotIdOf, offerIdOf, parseCellToken, postedAtMsOf, type CellToken, type LotId } from '#core/words/ids.ts';
import { CellUnavailable, type CellClient } from '#cell/contract.ts';
import { newUuid } from '#adapters/ids/uuid.ts';
import { connectBus, type Bus } from '#adapters/nats/bus.ts';
import { createPublish, type Publish } from '#adapters/nats/publish.ts';
import type { DatabaseClock } from '#adapters/postgres/clock.ts';
import { createPool } from '#adapters/postgres/pool.ts';
import { createStreamKeeper, DEAD_LETTERS, ensureStreams, LOTS } from '#adapters/nats/streams.ts';
import { startNats, startPostgres, type NatsProcess } from './loopServers.ts';

export const CELL = parseCellToken('47a2f1b') ?? fail();
export const REGION = regionOf(CELL);
export const REGION_ID = signedIdOf(REGION);

function fail(): never {
  throw new Error('no cell');
}

export interface Stage {
  /** the schema's owner: writes what a cell would have written */
  readonly pool: pg.Pool;
  /** the services' role, with its grants and its timeouts */
  readonly appPool: pg.Pool;
  readonly nats: NatsProcess;
  readonly bus: Bus;
  readonly publish: Publish;
  readonly keepStreams: () => Promise<void>;
  readonly clock: Pick<DatabaseClock, 'nowMs' | 'sample'>;
  /** empty tables and streams */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const [postgres, nats] = await Promise.all([startPostgres(), startNats()]);
  const pool = new pg.Pool({ connectionString: postgres.url, max: 20 });
  const appPool = createPool(postgres.appUrl, 'test', 10);
  const bus = await connectBus({ url: nats.url, name: 'test' });
  const keepStreams = createStreamKeeper(bus);
  await ensureStreams(bus.jsm);
  await pool.query('insert into region (geo_region_id, token) values ($1, $2)', [REGION_ID, REGION]);
  return {
    pool,
    appPool,
    nats,
    bus,
    publish: createPublish(bus, keepStreams),
    keepStreams,
    clock: { nowMs: Date.now, sample: () => Promise.resolve() },
    clear: async () => {
      await pool.query(
        'truncate lot, offer, outbox, command, push_subscription, phone_number, recipient, travel_time, member',
      );
      await bus.jsm.streams.purge(LOTS);
      await bus.jsm.streams.purge(DEAD_LETTERS);
    },
    stop: async () => {
      await bus.close();
      await Promise.all([pool.end(), appPool.end()]);
      await Promise.all([postgres.stop(), nats.stop()]);
    },
  };
}

export interface LotRow {
  readonly state?: string;
  readonly version?: number;
  /** from now, ms; negative: overdue */
  readonly dueInMs?: number;
  readonly cell?: CellToken;
}

export async function insertLot(pool: pg.Pool, row: LotRow = {}): Promise<LotId> {
  const cell = row.cell ?? CELL;
  const lotId = lotIdOf(cell, newUuid(Date.now()));
  const due = new Date(Date.now() + (row.dueInMs ?? -1_000));
  await pool.query(
    `insert into lot (geo_region_id, posted_at, lot_id, cell_id, root_id, donor_id, state, version, quantity_grams, posted_grams,
       category, storage, ready_from, safe_until, lat, lon, attempt, tries, radius_meters, tried, next_action_at, reminded, dead_lettered)
     values ($1, $2, $3, $4, $3, 'donor-1', $5, $6, 1000, 1000, 'bakery', 'ambient', now(), now() + interval '5 hours',
       60.17, 24.94, 1, 0, 8000, '{}', $7, false, false)`,
    [REGION_ID, new Date(postedAtMsOf(lotId)), lotId, signedIdOf(cell), row.state ?? 'offered', row.version ?? 2, due],
  );
  return lotId;
}

/** @param row.agedMs how long ago it was offered */
export async function insertOffer(
  pool: pg.Pool,
  lotId: LotId,
  row: { state?: string; agedMs?: number; attempt?: number } = {},
): Promise<string> {
  const attempt = row.attempt ?? 1;
  const offerId = offerIdOf(lotId, attempt);
  await pool.query(
    `insert into offer (geo_region_id, posted_at, offer_id, lot_id, attempt, recipient_id, recipient_name, state, quantity_grams, deadline,
       distance_meters, travel_seconds, travel_source, reasons, fallback, offered_at, code_generation, wrong_codes, time_zone)
     values ($1, $2, $3, $4, $7, 'recipient-1', 'Recipient', $5, 1000, now() + interval '5 minutes', 100, 60, 'estimate', '[]', false,
       now() - $6 * interval '1 millisecond', 1, 0, 'Europe/Helsinki')`,
    [REGION_ID, new Date(postedAtMsOf(lotId)), offerId, lotId, row.state ?? 'open', row.agedMs ?? 0, attempt],
  );
  return offerId;
}

export interface EventParts {
  readonly state?: string;
  readonly version?: number;
  readonly tries?: number;
  readonly rematchRequired?: boolean;
  readonly remind?: boolean;
  readonly offerState?: string | null;
  readonly eventId?: string;
  readonly occurredAtMs?: number;
  /** in three hours */
  readonly safeUntilMs?: number;
}

export function eventOf(lotId: LotId, parts: EventParts = {}): LotEvent {
  const offerState = parts.offerState === undefined ? 'open' : parts.offerState;
  const offer = {
    id: offerIdOf(lotId, 1),
    recipientId: 'recipient-1',
    recipientName: 'Recipient',
    state: offerState ?? '',
    quantityGrams: 1000n,
    deadlineMs: BigInt(Date.now() + 300_000),
    attempt: 1,
  };
  return create(LotEventSchema, {
    eventId: parts.eventId ?? newUuid(Date.now()),
    lot: {
      id: lotId,
      rootId: lotId,
      cell: CELL,
      region: REGION,
      donorId: 'donor-1',
      state: parts.state ?? 'offered',
      version: parts.version ?? 2,
      tries: parts.tries ?? 0,
      safeUntilMs: BigInt(parts.safeUntilMs ?? Date.now() + 3 * 3_600_000),
      ...(offerState === null ? {} : { offer }),
    },
    rematchRequired: parts.rematchRequired ?? false,
    remind: parts.remind ?? false,
    occurredAtMs: BigInt(parts.occurredAtMs ?? Date.now()),
  });
}

export async function say(stage: Stage, event: LotEvent): Promise<void> {
  const outcome = await stage.publish({
    id: crypto.randomUUID(),
    subject: `lot.${REGION}.${event.lot?.state ?? ''}`,
    payload: toBinary(LotEventSchema, event),
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  });
  if (!outcome.stored) throw new Error(outcome.because);
}

export interface NotingCells extends Pick<CellClient, 'send'> {
  readonly told: Command[];
  /** the next so many sends find nobody */
  away: number;
}

export function notingCells(): NotingCells {
  const cells: NotingCells = {
    told: [],
    away: 0,
    send: (_cell, command) => {
      if (cells.away > 0) {
        cells.away--;
        return Promise.reject(new CellUnavailable('nobody there'));
      }
      cells.told.push(command);
      return Promise.resolve({ ok: true, surplus: null, offer: null });
    },
  };
  return cells;
}

/** A local HTTP receiver that answers as told and keeps what it got. */
export interface Receiver {
  readonly url: string;
  readonly got: { readonly path: string; readonly headers: Record<string, unknown>; readonly body: Buffer }[];
  /** status by path; default 201 */
  readonly status: Map<string, number>;
  stop(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const { createServer } = await import('node:http');
  const got: Receiver['got'] = [];
  const status = new Map<string, number>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '';
      got.push({ path, headers: request.headers, body: Buffer.concat(chunks) });
      response.writeHead(status.get(path) ?? 201).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    got,
    status,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
