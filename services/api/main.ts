import { readEnv } from '#adapters/config/env.ts';
import { createLogger } from '#adapters/telemetry/logger.ts';
import { startTracing } from '#adapters/telemetry/tracing.ts';
import { createApi } from './app.ts';
import { compose } from './compose.ts';
import { ApiEnv } from './config.ts';
import { createApiMetrics } from './metrics.ts';

const env = readEnv(ApiEnv, process.env);
const tracing = await startTracing('api', process.env);
const log = createLogger('api', env.LOG_LEVEL);
const { dependencies, stop: stopAdapters } = await compose(env, log, createApiMetrics());
const { app, drain } = await createApi({ ...dependencies, traced: tracing.isOn });
// Beyond what waits here the kernel drops connections silently, and their requests hang: better let in and refused.
const backlog = 4_096;
await app.listen({ host: env.HOST, port: env.APP_PORT, backlog });
log.info({ port: env.APP_PORT }, 'the api answers');

/** Load balancers look at /readyz: they get a moment to see it before the door closes. */
const drainMs = env.DRAIN_SECONDS * 1000;
let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  drain();
  await new Promise((resolve) => setTimeout(resolve, drainMs));
  await app.close();
  await stopAdapters();
  await tracing.stop();
  process.exit(0);
}
process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => void stop());
