/** The whole API in process, on real PostgreSQL, Redis and NATS, with real cells behind it; only Dapr is left out. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { InjectOptions } from 'fastify';
import { pino } from 'pino';
import { createCellActors, type CellActors } from '#cell/cellActor.ts';
import { CellUnavailable, isAway, isBusy, isMoved, type CellClient } from '#cell/contract.ts';
import { policyOf } from '#core/lots/policy.ts';
import { readEnv } from '#adapters/config/env.ts';
import { createHandoverCode } from '#adapters/crypto/handoverCode.ts';
import { connectBus } from '#adapters/nats/bus.ts';
import type { LotFeed } from '#adapters/nats/lotFeed.ts';
import { createPublish } from '#adapters/nats/publish.ts';
import { ensureStreams, LOTS } from '#adapters/nats/streams.ts';
import { createDatabaseClock } from '#adapters/postgres/clock.ts';
import type { Pool } from '#adapters/postgres/pool.ts';
import { createCandidates } from '#adapters/redis/candidates.ts';
import type { RedisConnection } from '#adapters/redis/connection.ts';
import { createCandidateKeeper } from '#adapters/redis/keeper.ts';
import { startPostgres } from '../../dev/testing/freshDatabase.ts';
import { newIdentityKeys } from '../../dev/stack/secrets.ts';
import { startNats, startRedis, until, type NatsProcess, type RedisProcess } from '../../dev/testing/servers.ts';
import { createApi, type ApiDependencies } from '../../services/api/app.ts';
import { compose } from '../../services/api/compose.ts';
import { ApiEnv } from '../../services/api/config.ts';
import { createApiMetrics } from '../../services/api/metrics.ts';
import type { Api } from '../../services/api/requests.ts';
import { worldPorts } from '../cell/worldPorts.ts';
import { startIssuer, type TestIssuer } from './tokens.ts';

export const SECRET = randomBytes(32).toString('hex');
/** where people would open it */
export const PUBLIC_URL = 'http://localhost:8080';
const PREFIX = 'pp';
const nothing = (): void => undefined;
const NO_LOG = { info: nothing, warn: nothing };

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
  /** what an api process of this world is told */
  readonly env: Readonly<Record<string, string>>;
  readonly app: Api;
  /** of which another api of this world can be made */
  readonly given: ApiDependencies;
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
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const [postgres, redisServer, nats, issuer] = await Promise.all([
    startPostgres(),
    startRedis(),
    startNats(),
    startIssuer(),
  ]);
  await withStreams(nats.url);
  const told = {
    APP_PORT: '1',
    DATABASE_URL: postgres.appUrl,
    REDIS_URL: redisServer.url,
    NATS_URL: nats.url,
    DAPR_HTTP_PORT: '1',
    JWT_ISSUER_URL: issuer.url,
    IDENTITY_KEYS: newIdentityKeys(),
    PUBLIC_URL: PUBLIC_URL,
    HANDOVER_SECRET: SECRET,
    CONTACT_KEYS: JSON.stringify({ k1: randomBytes(32).toString('base64') }),
    CONTACT_KEY_ID: 'k1',
    VAPID_PUBLIC_KEY: 'test-key',
    ALLOW_LOCAL_PUSH: '1',
    RATE_LIMIT_DONOR: '1000000',
    RATE_LIMIT_RECIPIENT: '1000000',
    RATE_LIMIT_OPERATOR: '1000000',
    RATE_LIMIT_ADDRESS: '1000000',
  };
  const env = readEnv(ApiEnv, told);
  const log = pino({ level: process.env['LOG_LEVEL'] ?? 'silent' });
  const composed = await compose(env, log, createApiMetrics());
  const { pool } = composed.dependencies;
  const hosted = await hostCells(pool, composed.redis);
  const readiness = { needed: { postgres: () => pool.query('select 1').then(() => true) }, useful: {} };
  const first = { ...composed.dependencies, cells: cellsInProcess(hosted.actors), dependencies: readiness };
  const given = options.change?.(first) ?? first;
  const { app } = await createApi(given);
  const { app: secondApp } = await createApi({ ...first, metrics: createApiMetrics() });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const token = tokensOf(issuer);
  return {
    app,
    given,
    env: told,
    pool,
    issuer,
    token,
    redis: redisServer,
    nats,
    feed: composed.feed,
    actors: hosted.actors,
    url: `http://127.0.0.1:${String((app.server.address() as AddressInfo).port)}`,
    publish: createPublish(composed.bus, () => ensureStreams(composed.bus.jsm)),
    recreateStreams: async () => {
      await composed.bus.jsm.streams.delete(LOTS);
      await ensureStreams(composed.bus.jsm);
    },
    ask: askOf(app, token),
    askSecond: askOf(secondApp, token),
    stop: async () => {
      await secondApp.close();
      await app.close();
      await hosted.stop();
      await composed.stop();
      await Promise.all([postgres.stop(), redisServer.stop(), nats.stop(), issuer.stop()]);
    },
  };
}

async function withStreams(url: string): Promise<void> {
  const bus = await connectBus({ url, name: 'streams' });
  await ensureStreams(bus.jsm);
  await bus.close();
}

/** What the actor host and the keeper of candidates do in processes of their own. */
async function hostCells(
  pool: Pool,
  redis: RedisConnection,
): Promise<{ actors: CellActors; stop: () => Promise<void> }> {
  const clock = await createDatabaseClock(pool);
  const keeper = createCandidateKeeper({ pool, redis, prefix: PREFIX, log: NO_LOG, settleMs: 0, roundMs: 50 });
  const candidates = createCandidates({ redis, clock, prefix: PREFIX });
  await redis.whenReady(5_000);
  keeper.start();
  // An empty search would be answered without looking.
  await until(
    'the candidates are ready',
    async () => (await candidates.near([{ ...HELSINKI, radiusMeters: 1 }])) !== null,
  );
  const hooks = {
    activated: nothing,
    fenced: nothing,
    turned: nothing,
    wrote: nothing,
    failed: nothing,
    random: Math.random,
  };
  const ports = { ...worldPorts(pool, candidates), clock, handoverCode: createHandoverCode(SECRET) };
  const actors = createCellActors(ports, policyOf(300_000), hooks, 12);
  const stop = async (): Promise<void> => {
    await keeper.stop();
    await actors.idle();
    clock.stop();
  };
  return { actors, stop };
}

function tokensOf(issuer: TestIssuer): (who: string) => Promise<string> {
  const tokens = new Map<string, Promise<string>>();
  return (who) => {
    const [role = '', org = null] = who.split(':');
    const known = tokens.get(who) ?? issuer.token(role, org);
    tokens.set(who, known);
    return known;
  };
}

function askOf(of: Api, token: World['token']): World['ask'] {
  return async (method, path, given = {}) => {
    const headers: Record<string, string> = { ...given.headers };
    if (given.as !== undefined) headers['authorization'] = `Bearer ${await token(given.as)}`;
    if (given.key !== undefined) headers['idempotency-key'] = given.key;
    if (typeof given.body === 'string') headers['content-type'] ??= 'application/json';
    const payload = given.body === undefined ? {} : { payload: given.body as string };
    const asked: InjectOptions = { method: method, url: path, headers, ...payload };
    const response = await of.inject(asked);
    const isJson = /json/.test(String(response.headers['content-type'] ?? ''));
    return {
      status: response.statusCode,
      headers: response.headers as Record<string, string>,
      body: isJson && response.body !== '' ? response.json<unknown>() : null,
      text: response.body,
    };
  };
}

function cellsInProcess(actors: CellActors): CellClient {
  return {
    async send(cell, command, { traceparent = null } = {}) {
      for (let tries = 0; tries < 40; tries++) {
        const { answers } = await actors.turn(cell, { commands: [command], traceparents: [traceparent] });
        const answer = answers[0];
        if (answer !== undefined && !isAway(answer) && !isMoved(answer) && !isBusy(answer)) return answer;
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
