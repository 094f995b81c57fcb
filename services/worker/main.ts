import { hostname } from 'node:os';
import { register, Registry } from 'prom-client';
import { createAlerts } from '#adapters/alerts/pagerDuty.ts';
import { readEnv } from '#adapters/config/env.ts';
import { createCellClient } from '#adapters/dapr/cellClient.ts';
import { watchSidecar } from '#adapters/dapr/sidecarWatch.ts';
import { reachBus } from '#adapters/nats/bus.ts';
import { createPublish } from '#adapters/nats/publish.ts';
import { createStreamKeeper } from '#adapters/nats/streams.ts';
import { createObjectStore } from '#adapters/objects/createObjectStore.ts';
import { createDatabaseClock } from '#adapters/postgres/clock.ts';
import { createPool } from '#adapters/postgres/pool.ts';
import { createLogger } from '#adapters/telemetry/logger.ts';
import { serveProbes } from '#adapters/telemetry/probes.ts';
import { startTracing } from '#adapters/telemetry/tracing.ts';
import { startWorkerApp, type WorkerApp } from './app.ts';
import { Config, rolesOf } from './config.ts';
import { createMeters } from './meters.ts';
import { createPush } from './notify/push.ts';
import { createTexting } from './notify/texting.ts';

const env = readEnv(Config, process.env);
const roles = rolesOf(process.argv.slice(2), env.WORKER_ROLES);
const me = `${hostname()}-${String(process.pid)}`;
const tracing = await startTracing('worker', process.env);
const log = createLogger('worker', env.LOG_LEVEL);
const pool = createPool(env.DATABASE_URL, 'worker', env.DATABASE_POOL_SIZE);
const bus = await reachBus({ url: env.NATS_URL, name: 'worker' });
const keepStreams = createStreamKeeper(bus, { replicas: env.STREAM_REPLICAS, maxGiB: env.STREAM_MAX_GIB });
const daprUrl = `http://127.0.0.1:${String(env.DAPR_HTTP_PORT)}`;
const cells = createCellClient({ daprUrl, daprToken: env.DAPR_API_TOKEN });
const { PAGERDUTY_EVENTS_URL: url, PAGERDUTY_ROUTING_KEY: routingKey } = env;
const alerts = createAlerts({ url, routingKey, source: `pahlawan-pangan/${me}`, log });
const push = createPush(env, log);
const texting = createTexting(env, log);
const meters = createMeters();
const photos = createObjectStore(env);
const redis = { url: env.REDIS_URL, prefix: env.REDIS_PREFIX };
// The candidate keeper counts in prom-client's own register; who begins later registers later.
const metrics = (): Promise<string> => Registry.merge([meters.registry, register]).metrics();
const registry = { contentType: register.contentType, metrics };
let app: WorkerApp | null = null;
const missing = (): Promise<readonly string[]> => app?.missing() ?? Promise.resolve(['postgres']);
// Before anybody is waited for, or it would be ended for that again and again.
const probes = await serveProbes({ host: env.HOST, port: env.APP_PORT, registry, missing });
const clock = await createDatabaseClock(pool);
const watch = watchSidecar({ daprUrl, daprToken: env.DAPR_API_TOKEN, registry: meters.registry, log });
const isSidecarWell = watch.isWell;
const parts = { pool, bus, keepStreams, cells, isSidecarWell, alerts, photos, redis, me, clock, meters, log };
const regionLevel = env.REGION_LEVEL;
app = startWorkerApp({ ...parts, regionLevel, ...push, texting, publish: createPublish(bus, keepStreams) }, roles);
log.info({ port: probes.port, roles }, 'working');

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await watch.stop();
  await app?.stop();
  clock.stop();
  await Promise.all([probes.close(), push.close(), texting?.texter.close(), cells.close(), bus.close(), pool.end()]);
  log.info('stopped');
  await tracing.stop();
  process.exit(0);
}
process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => void stop());
