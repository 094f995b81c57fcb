/** Adapters of the api, made of its configuration; each with what stops it, last made first stopped. */
import { join } from 'node:path';
import type { Logger } from 'pino';
import { createSealer } from '#adapters/crypto/sealed.ts';
import { createHandoverCode } from '#adapters/crypto/handoverCode.ts';
import { createCellClient } from '#adapters/dapr/cellClient.ts';
import { watchSidecar } from '#adapters/dapr/sidecarWatch.ts';
import { newUuid } from '#adapters/ids/uuid.ts';
import { reachBus, type Bus } from '#adapters/nats/bus.ts';
import { createDeadLetters } from '#adapters/nats/deadLetters.ts';
import { startLotFeed, type LotFeed } from '#adapters/nats/lotFeed.ts';
import { createPublish } from '#adapters/nats/publish.ts';
import { createStreamKeeper } from '#adapters/nats/streams.ts';
import { createObjectStore } from '#adapters/objects/createObjectStore.ts';
import { createDatabaseClock } from '#adapters/postgres/clock.ts';
import { createPool, type Pool } from '#adapters/postgres/pool.ts';
import { claimKey } from '#adapters/postgres/sql/claimKey.ts';
import { findOrganisations } from '#adapters/postgres/sql/findOrganisations.ts';
import { listSurpluses } from '#adapters/postgres/sql/listSurpluses.ts';
import { overseeDonors, overseeHours, overseeRecipients } from '#adapters/postgres/sql/oversight.ts';
import { listOffers, readOffer } from '#adapters/postgres/sql/readOffers.ts';
import { readTogether } from '#adapters/batching/readTogether.ts';
import { readStats } from '#adapters/postgres/sql/readStats.ts';
import { readSurplus } from '#adapters/postgres/sql/readSurplus.ts';
import { connectRedis, type RedisConnection } from '#adapters/redis/connection.ts';
import { createRequestCounter } from '#adapters/redis/countRequest.ts';
import { refreshRecipient } from '#adapters/redis/keeper.ts';
import type { ApiDependencies } from './app.ts';
import { createJwks } from './auth/jwks.ts';
import { createTokenVerifier, type TrustedIssuer } from './auth/tokens.ts';
import type { ApiConfig } from './config.ts';
import { createIdentity, type Identity } from './identity/identity.ts';
import { openMapTiles } from './map/tiles.ts';
import type { ApiMetrics } from './metrics.ts';
import { createDirectory } from './organisations/directory.ts';
import { createOrganisationStore } from './organisations/store.ts';
import type { ParseHours } from './organisations/told.ts';
import type { LotReads } from './ports.ts';
import { createHub, type Hub } from './stream/hub.ts';

/** What `npm run build:web` makes. */
const SCREENS_DIR = join(import.meta.dirname, '../../web/dist');

/** The reader of opening hours knows the holidays of all countries, some ten megabytes: loaded with the first text that comes. */
const parseHours: ParseHours = async (text) =>
  (await import('#adapters/hours/parseOpeningHours.ts')).parseOpeningHours(text);

/** It says that it is not ready, rather than nothing, without PostgreSQL. */
const CLOCK_PATIENCE_MS = 5_000;

export interface Composed {
  readonly dependencies: ApiDependencies;
  readonly feed: LotFeed;
  readonly bus: Bus;
  readonly redis: RedisConnection;
  stop(): Promise<void>;
}

export async function compose(env: ApiConfig, log: Logger, metrics: ApiMetrics): Promise<Composed> {
  const pool = createPool(env.DATABASE_URL, 'api', env.DATABASE_CONNECTIONS);
  const redis = connectRedis(env.REDIS_URL, { name: 'api' });
  const bus = await reachBus({ url: env.NATS_URL, name: 'api' });
  const { hub, feed } = screens(bus);
  const daprUrl = `http://127.0.0.1:${String(env.DAPR_HTTP_PORT)}`;
  const cells = cellsBehind(daprUrl, env.DAPR_API_TOKEN, metrics, log);
  const clock = await createDatabaseClock(pool, CLOCK_PATIENCE_MS);
  const { nowMs } = clock;
  const directory = createDirectory({ read: (kind, ids) => findOrganisations(pool, kind, ids) });
  const sealer = createSealer(env.CONTACT_KEYS, env.CONTACT_KEY_ID);
  const identity = await identityOf(env, pool, nowMs);
  const dependencies: ApiDependencies = {
    log,
    metrics,
    pool,
    cells,
    directory,
    hub,
    nowMs,
    newUuid,
    identity,
    screensDir: SCREENS_DIR,
    trustedProxies: env.TRUSTED_PROXIES.split(',').flatMap((each) => (each.trim() === '' ? [] : [each.trim()])),
    verify: verifierOf(env, identity, metrics, nowMs),
    reads: lotReads(pool),
    organisations: createOrganisationStore({
      pool,
      sealer,
      parseHours,
      newId: () => newUuid(nowMs()),
      recipientChanged: (id) => refreshRecipient({ pool, redis, prefix: env.REDIS_PREFIX }, id),
      forget: directory.forget,
    }),
    push: { sealer, vapidPublicKey: env.VAPID_PUBLIC_KEY, allowLocalPush: env.ALLOW_LOCAL_PUSH === '1' },
    ...figures(env, pool, nowMs),
    deadLetters: createDeadLetters(bus, createPublish(bus, createStreamKeeper(bus, null))),
    ...(await provided(env)),
    handoverCode: createHandoverCode(env.HANDOVER_SECRET),
    secret: env.HANDOVER_SECRET,
    rateLimits: rateLimits(env),
    countRequest: createRequestCounter(redis.client, `${env.REDIS_PREFIX}:rate:`),
    dependencies: {
      needed: { postgres: () => pool.query('select 1').then(() => true), dapr: () => daprAnswers(daprUrl) },
      useful: { redis: async () => redis.runId() !== null, nats: async () => bus.isConnected() },
    },
  };
  const stop = async (): Promise<void> => {
    await feed.stop();
    await cells.close();
    redis.stop();
    await bus.close();
    clock.stop();
    await pool.end();
  };
  return { dependencies, feed, bus, redis, stop };
}

function rateLimits(env: ApiConfig): ApiDependencies['rateLimits'] {
  return {
    donor: env.RATE_LIMIT_DONOR,
    recipient: env.RATE_LIMIT_RECIPIENT,
    operator: env.RATE_LIMIT_OPERATOR,
    address: env.RATE_LIMIT_ADDRESS,
  };
}

/** What there may be, or not. @throws Error saying what is wrong with it */
async function provided(env: ApiConfig): Promise<Pick<ApiDependencies, 'photos' | 'mapTiles'>> {
  return { photos: createObjectStore(env), mapTiles: await openMapTiles(env.MAP_TILES_FILE) };
}

/** @throws Error when its keys or its address can't be used, or nobody's tokens would count */
async function identityOf(env: ApiConfig, pool: Pool, nowMs: () => number): Promise<Identity | null> {
  if (env.IDENTITY_KEYS === '') {
    if (env.JWT_ISSUER_URL !== '') return null;
    throw new Error('Nobody could sign in: set IDENTITY_KEYS and PUBLIC_URL, or JWT_ISSUER_URL. See dev/README.md.');
  }
  return await createIdentity({
    pool,
    publicUrl: env.PUBLIC_URL,
    keys: env.IDENTITY_KEYS,
    audience: env.JWT_AUDIENCE,
    secret: env.HANDOVER_SECRET,
    nowMs,
    newId: () => newUuid(nowMs()),
  });
}

function verifierOf(
  env: ApiConfig,
  identity: Identity | null,
  metrics: ApiMetrics,
  nowMs: () => number,
): ApiDependencies['verify'] {
  const issuers = trusted(env, identity, metrics);
  return createTokenVerifier({ issuers, audience: env.JWT_AUDIENCE, clocks: [nowMs, Date.now] });
}

/** Ourselves, where people sign in here, and an issuer elsewhere where one is named. */
function trusted(env: ApiConfig, identity: Identity | null, metrics: ApiMetrics): TrustedIssuer[] {
  const own = identity === null ? [] : [{ issuer: identity.address.origin, keys: identity.keys.verifyWith }];
  if (env.JWT_ISSUER_URL === '') return own;
  const url = new URL(`${env.JWT_ISSUER_URL.replace(/\/$/, '')}/.well-known/jwks.json`);
  const keys = createJwks(url, { fetched: (ok) => metrics.jwksFetches.inc({ ok: String(ok) }) });
  return [...own, { issuer: env.JWT_ISSUER_URL, keys }];
}

function cellsBehind(
  daprUrl: string,
  daprToken: string,
  metrics: ApiMetrics,
  log: Logger,
): ReturnType<typeof createCellClient> {
  const watch = watchSidecar({ daprUrl, daprToken, registry: metrics.registry, log });
  const cells = createCellClient({
    daprUrl,
    daprToken,
    called: (size, _, ok) => {
      metrics.cellCalls.inc({ ok: String(ok) });
      metrics.cellBatch.observe(size);
    },
    again: (because) => metrics.cellAgain.inc({ because }),
  });
  return {
    send: cells.send,
    close: async () => {
      await watch.stop();
      await cells.close();
    },
  };
}

/** The feed tells the hub, the hub asks the feed where it is. */
function screens(bus: Bus): { readonly hub: Hub; readonly feed: LotFeed } {
  const feed: LotFeed = startLotFeed({
    bus,
    onEvent: (event) => hub.tell(event),
    onReset: () => hub.reset(),
    isHeard: () => hub.isHeard(),
  });
  const hub = createHub(feed);
  return { hub, feed };
}

function figures(
  env: ApiConfig,
  pool: Pool,
  nowMs: () => number,
): Pick<ApiDependencies, 'stats' | 'oversight' | 'impactFactors'> {
  return {
    stats: readTogether(() => readStats(pool)),
    oversight: {
      recipients: () => overseeRecipients(pool),
      donors: () => overseeDonors(pool),
      hours: () => overseeHours(pool, nowMs()),
    },
    impactFactors: {
      mealKg: env.IMPACT_MEAL_KG,
      mealSource: env.IMPACT_MEAL_SOURCE,
      co2eKgPerKg: env.IMPACT_CO2E_KG_PER_KG,
      co2eSource: env.IMPACT_CO2E_SOURCE,
    },
  };
}

function lotReads(pool: Pool): LotReads {
  return {
    readSurplus: (place) => readSurplus(pool, place),
    listSurpluses: (filter) => listSurpluses(pool, filter),
    readOffer: (place) => readOffer(pool, place),
    listOffers: (filter) => listOffers(pool, filter),
    claimKey: (claim) => claimKey(pool, claim),
  };
}

async function daprAnswers(daprUrl: string): Promise<boolean> {
  const response = await fetch(`${daprUrl}/v1.0/healthz/outbound`, { signal: AbortSignal.timeout(900) });
  return response.ok;
}
