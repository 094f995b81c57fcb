import { join } from 'node:path';
import { natsUrl } from './infrastructure/nats.ts';
import { appUrl, ownerUrl, type PostgresOptions } from './infrastructure/postgres.ts';
import { redisUrl } from './infrastructure/redis.ts';
import { valhallaUrl } from './infrastructure/valhalla.ts';
import type { PortOf } from './ports.ts';
import type { Secrets } from './secrets.ts';
import { CHECKOUT } from './tools.ts';

export interface StackEnvOptions {
  dir: string;
  portOf: PortOf;
  secrets: Secrets;
  postgres: PostgresOptions;
  withValhalla: boolean;
}

/** Variables of the shell that reach our processes unchanged; dev/README.md says what each means. */
const PASSED_THROUGH = [
  'ACK_TIMEOUT_SECONDS',
  'ALLOW_LOCAL_PUSH',
  'CITY',
  'LOG_LEVEL',
  'MATCH_RADIUS_METERS',
  'OTEL_BSP_SCHEDULE_DELAY',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_TRACES_SAMPLER',
  'OTEL_TRACES_SAMPLER_ARG',
  'PAGERDUTY_EVENTS_URL',
  'PAGERDUTY_ROUTING_KEY',
  'PHOTO_STORE_KEY_ID',
  'PHOTO_STORE_REGION',
  'PHOTO_STORE_SECRET',
  'RATE_LIMIT_ADDRESS',
  'RATE_LIMIT_DONOR',
  'RATE_LIMIT_OPERATOR',
  'RATE_LIMIT_RECIPIENT',
  'SMS_GATEWAY_PASSWORD',
  'SMS_GATEWAY_URL',
  'SMS_GATEWAY_USER',
  'VAPID_SUBJECT',
];

/** What every process of ours is told; only APP_PORT and DAPR_HTTP_PORT differ from one to the next. */
export async function stackEnv(options: StackEnvOptions): Promise<Record<string, string>> {
  const { dir, portOf, secrets, postgres, withValhalla } = options;
  const passed = PASSED_THROUGH.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]] as const],
  );
  return {
    HOST: '127.0.0.1',
    NODE_ENV: 'development',
    DATABASE_URL: appUrl(postgres),
    MIGRATION_DATABASE_URL: ownerUrl(postgres),
    REDIS_URL: redisUrl(await portOf('redis')),
    NATS_URL: natsUrl(await portOf('nats')),
    VALHALLA_URL: withValhalla ? valhallaUrl(await portOf('valhalla')) : '',
    DAPR_API_TOKEN: secrets.daprApiToken,
    APP_API_TOKEN: secrets.appApiToken,
    JWT_ISSUER_URL: `http://127.0.0.1:${String(await portOf('issuer'))}`,
    JWT_AUDIENCE: 'pahlawan-pangan',
    ISSUER_DIR: join(dir, 'issuer'),
    // not 127.0.0.1: browsers bind passkeys to names
    PUBLIC_URL: process.env['PUBLIC_URL'] ?? `http://localhost:${String(await portOf('api'))}`,
    IDENTITY_KEYS: secrets.identityKeys,
    API_URL: `http://127.0.0.1:${String(await portOf('api'))}`,
    HANDOVER_SECRET: secrets.handoverSecret,
    CONTACT_KEYS: JSON.stringify(secrets.contactKeys),
    CONTACT_KEY_ID: secrets.contactKeyId,
    VAPID_PUBLIC_KEY: secrets.vapidPublicKey,
    VAPID_PRIVATE_KEY: secrets.vapidPrivateKey,
    VAPID_SUBJECT: 'mailto:dev@pahlawan-pangan.example',
    PHOTO_STORE: process.env['PHOTO_STORE'] ?? join(dir, 'photos'),
    MAP_TILES_FILE: process.env['MAP_TILES_FILE'] ?? join(CHECKOUT, 'data/helsinki/streets.pmtiles'),
    SMS_GATEWAY_URL: 'console:',
    // nobody balances loads here
    DRAIN_SECONDS: '0',
    ...(Object.fromEntries(passed) as Record<string, string>),
  };
}
