/** The whole API in process, on real PostgreSQL, Redis and NATS, with real cells behind it; only Dapr is left out. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { InjectOptions } from 'fastify';
import pino from 'pino';
import { createCellActors, type CellActors } from '#cell/cellActor.ts';
import { CellUnavailable, isMoved, type CellClient } from '#cell/contract.ts';
import { policyOf } from '#core/lots/policy.ts';
import { createSealer } from '#adapters/crypto/sealed.ts';
import { createHandoverCode } from '#adapters/crypto/handoverCode.ts';
import { parseOpeningHours } from '#adapters/hours/parseOpeningHours.ts';
import { newUuid } from '#adapters/ids/uuid.ts';
import { connectBus } from '#adapters/nats/bus.ts';
import { createDeadLetters } from '#adapters/nats/deadLetters.ts';
import { startLotFeed, type LotFeed } from '#adapters/nats/lotFeed.ts';
import { createPublish } from '#adapters/nats/publish.ts';
import { ensureStreams, LOTS } from '#adapters/nats/streams.ts';
import { createCellStore } from '#adapters/postgres/cellStore.ts';
import { createDatabaseClock } from '#adapters/postgres/clock.ts';
import { createPool, type Pool } from '#adapters/postgres/pool.ts';
import { claimKey } from '#adapters/postgres/sql/claimKey.ts';
import { findOrganisation } from '#adapters/postgres/sql/findOrganisation.ts';
import { listSurpluses } from '#adapters/postgres/sql/listSurpluses.ts';
import { listOffers, readOffer } from '#adapters/postgres/sql/readOffers.ts';
import { readStats } from '#adapters/postgres/sql/readStats.ts';
import { readSurplus } from '#adapters/postgres/sql/readSurplus.ts';
import { createCandidates } from '#adapters/redis/candidates.ts';
import { connectRedis } from '#adapters/redis/connection.ts';
import { createRequestCounter } from '#adapters/redis/countRequest.ts';
import { createCandidateKeeper, refreshRecipient } from '#adapters/redis/keeper.ts';
import { estimateTravelSeconds } from '#core/geo/distance.ts';
import { startNats, type NatsProcess } from '../../dev/testing/loopServers.ts';
import { startPostgres, startRedis, until, type RedisProcess } from '../../dev/testing/placesServers.ts';
import { createApi, type ApiDependencies } from '../../services/api/app.ts';
import { createJwks } from '../../services/api/auth/jwks.ts';
import { createTokenVerifier } from '../../services/api/auth/tokens.ts';
import { createApiMetrics } from '../../services/api/metrics.ts';
import { createDirectory } from '../../services/api/organisations/directory.ts';
import { createOrganisationStore } from '../../services/api/organisations/store.ts';
import type { Api } from '../../services/api/requests.ts';
import { createHub } from '../../services/api/stream/hub.ts';
import { AUDIENCE, startIssuer, type TestIssuer } from './tokens.ts';

export const SECRET = randomBytes(32).toString('hex');
const PREFIX = 'pp';
const NO_LOG = { info: () => undefined, warn: () => undefined };

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  // The body is whatever the API says; tests look at what they expect.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
  readonly text: string;
}

export interface Ask {
  readonly as?: string;
  readonly key?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface World {
  readonly app: Api;
  readonly pool: Pool;
  readonly issuer: TestIssuer;
  readonly redis: RedisProcess;
  readonly nats: NatsProcess;
  readonly feed: LotFeed;
  readonly actors: CellActors;
  readonly url: string;
  readonly publish: ReturnType<typeof createPublish>;
  /** deletes the stream of lot events and makes it anew */
  recreateStreams(): Promise<void>;
  /** `donor:a`, `recipient:b` or `operator` */
  token(who: string): Promise<string>;
  ask(method: string, url: string, options?: Ask): Promise<Reply>;
  /** the same, of a second api process on the same database: nothing in memory is shared with the first */
  askSecond(method: string, url: string, options?: Ask): Promise<Reply>;
  stop(): Promise<void>;
}

export interface WorldOptions {
  readonly change?: (dependencies: ApiDependencies) => ApiDependencies;
  readonly ackTimeoutMs?: number;
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const [postgres, redisServer, nats, issuer] = await Promise.all([
    startPostgres(),
    startRedis(),
    startNats(),
    startIssuer(),
  ]);
  const pool = createPool(postgres.appUrl, 'api-test');
  const redis = connectRedis(redisServer.url, { name: 'api-test', commandTimeoutMs: 1_000 });
  const bus = await connectBus({ url: nats.url, name: 'api-test' });
  await ensureStreams(bus.jsm);
  const clock = await createDatabaseClock(pool);
  const keeper = createCandidateKeeper({ pool, redis, prefix: PREFIX, log: NO_LOG, settleMs: 0, roundMs: 50 });
  await redis.whenReady(5_000);
  keeper.start();
  await until(
    'the candidates are ready',
    async () => (await createCandidates({ redis, clock, prefix: PREFIX }).near([])) !== null,
  );
  const handoverCode = createHandoverCode(SECRET);
  const actors = createCellActors(
    {
      store: createCellStore(pool, 'api-test', 9),
      candidates: createCandidates({ redis, clock, prefix: PREFIX }),
      travel: {
        warm: () => Promise.resolve(),
        of: ({ from, to, mode }) => ({
          travelSeconds: estimateTravelSeconds(from, to, mode),
          travelSource: 'estimate',
        }),
      },
      hints: { outbox: () => undefined },
      clock,
      newUuid,
      handoverCode,
    },
    policyOf(options.ackTimeoutMs ?? 300_000),
    {
      activated: () => undefined,
      fenced: () => undefined,
      turned: () => undefined,
      failed: () => undefined,
      random: Math.random,
    },
    12,
  );
  const nowMs = Date.now;
  const directory = createDirectory({ read: (kind, id) => findOrganisation(pool, kind, id), nowMs, ttlMs: 200 });
  const sealer = createSealer(JSON.stringify({ k1: randomBytes(32).toString('base64') }), 'k1');
  const feed: LotFeed = startLotFeed({
    bus,
    onEvent: (event) => hub.tell(event),
    onReset: () => hub.reset(),
    retryMs: 100,
    checkMs: 200,
  });
  const hub = createHub(feed);
  const publish = createPublish(bus, () => ensureStreams(bus.jsm));
  const dependencies: ApiDependencies = {
    log: pino({ level: process.env['LOG_LEVEL'] ?? 'silent' }),
    metrics: createApiMetrics(),
    pool,
    cells: cellsInProcess(actors),
    directory,
    hub,
    nowMs,
    newUuid,
    verify: createTokenVerifier({ issuer: issuer.url, audience: AUDIENCE, keys: createJwks(issuer.jwksUrl), nowMs }),
    reads: {
      readSurplus: (place) => readSurplus(pool, place),
      listSurpluses: (filter) => listSurpluses(pool, filter),
      readOffer: (place) => readOffer(pool, place),
      listOffers: (filter) => listOffers(pool, filter),
      claimKey: (claim) => claimKey(pool, claim),
    },
    organisations: createOrganisationStore({
      pool,
      sealer,
      parseHours: parseOpeningHours,
      newId: () => newUuid(nowMs()),
      recipientChanged: (id) => refreshRecipient({ pool, redis, prefix: PREFIX }, id),
      forget: directory.forget,
    }),
    push: { sealer, vapidPublicKey: 'test-key', allowLocalPush: true },
    stats: () => readStats(pool),
    deadLetters: createDeadLetters(bus, publish),
    handoverCode,
    secret: SECRET,
    rateLimits: { donor: 100_000, recipient: 100_000, operator: 100_000 },
    countRequest: createRequestCounter(redis.client),
    dependencies: { needed: { postgres: () => pool.query('select 1').then(() => true) }, useful: {} },
  };
  const { app } = await createApi(options.change?.(dependencies) ?? dependencies);
  const { app: secondApp } = await createApi({ ...dependencies, metrics: createApiMetrics() });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${String((app.server.address() as AddressInfo).port)}`;

  const tokens = new Map<string, Promise<string>>();
  const token = (who: string): Promise<string> => {
    const [role = '', org = null] = who.split(':');
    const known = tokens.get(who) ?? issuer.token(role, org);
    tokens.set(who, known);
    return known;
  };

  const askOf =
    (of: Api) =>
    async (method: string, path: string, given: Ask = {}): Promise<Reply> => {
      const headers: Record<string, string> = { ...given.headers };
      if (given.as !== undefined) headers['authorization'] = `Bearer ${await token(given.as)}`;
      if (given.key !== undefined) headers['idempotency-key'] = given.key;
      const payload = given.body === undefined ? {} : { payload: given.body as string };
      if (typeof given.body === 'string') headers['content-type'] ??= 'application/json';
      const response = await of.inject({
        method: method as InjectOptions['method'] & string,
        url: path,
        headers,
        ...payload,
      } as InjectOptions);
      const isJson = /json/.test(String(response.headers['content-type'] ?? ''));
      return {
        status: response.statusCode,
        headers: response.headers as Record<string, string>,
        body: isJson && response.body !== '' ? response.json<unknown>() : null,
        text: response.body,
      };
    };

  return {
    app,
    pool,
    issuer,
    redis: redisServer,
    nats,
    feed,
    actors,
    url,
    publish,
    recreateStreams: async () => {
      await bus.jsm.streams.delete(LOTS);
      await ensureStreams(bus.jsm);
    },
    token,
    ask: askOf(app),
    askSecond: askOf(secondApp),
    stop: async () => {
      await secondApp.close();
      await app.close();
      await feed.stop();
      await keeper.stop();
      await actors.idle();
      clock.stop();
      redis.stop();
      await bus.close();
      await pool.end();
      await Promise.all([postgres.stop(), redisServer.stop(), nats.stop(), issuer.stop()]);
    },
  };
}

function cellsInProcess(actors: CellActors): CellClient {
  return {
    async send(cell, command, { traceparent = null } = {}) {
      for (let tries = 0; tries < 40; tries++) {
        const { answers } = await actors.turn(cell, { commands: [command], traceparent });
        const answer = answers[0];
        if (answer !== undefined && !isMoved(answer)) return answer;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new CellUnavailable('the cell did not answer');
    },
  };
}

export const newKey = (): string => randomUUID();

export function inHours(hours: number): string {
  return new Date(Date.now() + hours * 3_600_000).toISOString();
}

/** Around Helsinki's market square. */
export const HELSINKI = { lat: 60.1674, lon: 24.9521 };
/** Another S2 region. */
export const TAMPERE = { lat: 61.4978, lon: 23.761 };

export async function registerDonor(world: World, id: string, change: object = {}): Promise<Reply> {
  const body = {
    id,
    name: `Kitchen ${id}`,
    location: HELSINKI,
    timeZone: 'Europe/Helsinki',
    contact: { phone: '+358 40 1' },
    ...change,
  };
  return await world.ask('POST', '/v1/donors', { as: 'operator', key: newKey(), body });
}

export async function registerRecipient(world: World, id: string, change: object = {}): Promise<Reply> {
  const body = {
    id,
    name: `Shelter ${id}`,
    location: { lat: HELSINKI.lat + 0.002, lon: HELSINKI.lon },
    timeZone: 'Europe/Helsinki',
    hours: [[0, 10_080]],
    categories: ['prepared', 'bakery', 'mixed'],
    storages: ['ambient', 'chilled', 'hot'],
    travelMode: 'bicycle',
    capacityGrams: 100_000_000,
    dailyCapacityGrams: 1_000_000_000,
    weeklyNeedGrams: 100_000,
    ...change,
  };
  return await world.ask('POST', '/v1/recipients', { as: 'operator', key: newKey(), body });
}

export function food(change: object = {}): object {
  return { category: 'prepared', quantityGrams: 10_000, storage: 'chilled', safeUntil: inHours(6), ...change };
}
