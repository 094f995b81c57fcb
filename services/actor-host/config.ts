import { Type } from 'typebox';

/** What the actor host reads from its environment; dev/README.md explains each. */
export const Config = Type.Object({
  APP_PORT: Type.Integer({ minimum: 1, maximum: 65_535 }),
  HOST: Type.String({ default: '127.0.0.1' }),
  APP_API_TOKEN: Type.String({ minLength: 16 }),
  DAPR_HTTP_PORT: Type.Integer({ minimum: 1, maximum: 65_535 }),
  DAPR_API_TOKEN: Type.String({ minLength: 16 }),
  DATABASE_URL: Type.String({ minLength: 1 }),
  REDIS_URL: Type.String({ minLength: 1 }),
  REDIS_PREFIX: Type.String({ default: 'pp' }),
  NATS_URL: Type.String({ minLength: 1 }),
  VALHALLA_URL: Type.String({ default: '' }),
  HANDOVER_SECRET: Type.String({ minLength: 32 }),
  ACK_TIMEOUT_SECONDS: Type.Number({ default: 300, minimum: 1, maximum: 86_400 }),
  MATCH_RADIUS_METERS: Type.Number({ default: 8_000, minimum: 100, maximum: 50_000 }),
  CELL_LEVEL: Type.Integer({ default: 12, minimum: 4, maximum: 20 }),
  REGION_LEVEL: Type.Integer({ default: 9, minimum: 2, maximum: 12 }),
  DATABASE_POOL_SIZE: Type.Integer({ default: 8, minimum: 1, maximum: 100 }),
  LOG_LEVEL: Type.String({ default: 'info' }),
});
