import { register } from 'prom-client';
import { createCellActors } from '#cell/cellActor.ts';
import { policyOf } from '#core/lots/policy.ts';
import { readEnv } from '#adapters/config/env.ts';
import { createHandoverCode } from '#adapters/crypto/handoverCode.ts';
import { watchSidecar } from '#adapters/dapr/sidecarWatch.ts';
import { newUuid } from '#adapters/ids/uuid.ts';
import { reachBus } from '#adapters/nats/bus.ts';
import { createOutboxHint } from '#adapters/nats/hints.ts';
import { createCellStore } from '#adapters/postgres/cellStore.ts';
import { createDatabaseClock } from '#adapters/postgres/clock.ts';
import { createPool } from '#adapters/postgres/pool.ts';
import { createCandidates } from '#adapters/redis/candidates.ts';
import { connectRedis } from '#adapters/redis/connection.ts';
import { createRoutingEngine } from '#adapters/routing/engine.ts';
import { createTravelStore } from '#adapters/routing/travelStore.ts';
import { createTravelTimes } from '#adapters/routing/travelTimes.ts';
import { tracedEngine, tracedPorts } from '#adapters/telemetry/cellTraces.ts';
import { createLogger } from '#adapters/telemetry/logger.ts';
import { startTracing } from '#adapters/telemetry/tracing.ts';
import { createApp } from './app.ts';
import { Config } from './config.ts';
import { createCellMetrics } from './metrics.ts';
import { watchSaturation } from './watchSaturation.ts';

const env = readEnv(Config, process.env);
const tracing = await startTracing('actor-host', process.env);
const log = createLogger('actor-host', env.LOG_LEVEL);
const pool = createPool(env.DATABASE_URL, 'actor-host', env.DATABASE_POOL_SIZE);
// It answers its probes without PostgreSQL, too, or it would be ended for that again and again. Nothing is written by a time that is not PostgreSQL's.
const clock = await createDatabaseClock(pool, 5_000);
const redis = connectRedis(env.REDIS_URL, { name: 'actor-host' });
const bus = await reachBus({ url: env.NATS_URL, name: 'actor-host' });
const engine = env.VALHALLA_URL === '' ? null : tracedEngine(createRoutingEngine({ url: env.VALHALLA_URL }));
const ports = {
  store: createCellStore(pool, `actor-host/${String(process.pid)}`, env.REGION_LEVEL, clock.sample),
  candidates: createCandidates({ redis, clock, prefix: env.REDIS_PREFIX }),
  travel: createTravelTimes({ store: createTravelStore(pool), engine }),
  hints: { outbox: createOutboxHint(bus) },
  clock,
  newUuid,
  handoverCode: createHandoverCode(env.HANDOVER_SECRET),
};
const policy = policyOf(env.ACK_TIMEOUT_SECONDS * 1000, env.MATCH_RADIUS_METERS, env.REGION_LEVEL);
const actors = createCellActors(
  tracing.isOn ? tracedPorts(ports) : ports,
  policy,
  createCellMetrics(register, log),
  env.CELL_LEVEL,
);
watchSaturation(register, actors, pool);
const checkReady = async (): Promise<void> => void (await pool.query('select 1'));
const app = createApp({ actors, appToken: env.APP_API_TOKEN, registry: register, log, checkReady });
await app.listen({ host: env.HOST, port: env.APP_PORT });
const daprUrl = `http://127.0.0.1:${String(env.DAPR_HTTP_PORT)}`;
const watch = watchSidecar({ daprUrl, daprToken: env.DAPR_API_TOKEN, registry: register, log });
log.info({ port: env.APP_PORT }, 'hosting cells');

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await watch.stop();
  await app.close();
  await actors.idle();
  clock.stop();
  redis.stop();
  await bus.close();
  await pool.end();
  await tracing.stop();
  process.exit(0);
}
process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => void stop());
