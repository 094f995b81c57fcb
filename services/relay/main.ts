import { readEnv } from '#adapters/config/env.ts';
import { reachBus } from '#adapters/nats/bus.ts';
import { createPool } from '#adapters/postgres/pool.ts';
import { createLogger } from '#adapters/telemetry/logger.ts';
import { serveProbes } from '#adapters/telemetry/probes.ts';
import { startTracing } from '#adapters/telemetry/tracing.ts';
import { startRelayApp } from './app.ts';
import { Config } from './config.ts';

const env = readEnv(Config, process.env);
const tracing = await startTracing('relay', process.env);
const log = createLogger('relay', env.LOG_LEVEL);
const pool = createPool(env.DATABASE_URL, 'relay', 10);
const bus = await reachBus({ url: env.NATS_URL, name: 'relay' });
const streams = { replicas: env.STREAM_REPLICAS, maxGiB: env.STREAM_MAX_GIB };
const app = await startRelayApp({ pool, bus, streams, log });
const probes = await serveProbes({ host: env.HOST, port: env.APP_PORT, registry: app.registry, missing: app.missing });
log.info({ port: probes.port }, 'relaying');

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await app.stop();
  await probes.close();
  await bus.close();
  await pool.end();
  log.info('stopped');
  await tracing.stop();
  process.exit(0);
}
process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => void stop());
