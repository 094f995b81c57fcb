import { Type } from 'typebox';

/** What the relay reads from its environment; dev/README.md explains each. */
export const Config = Type.Object({
  DATABASE_URL: Type.String({ minLength: 1 }),
  NATS_URL: Type.String({ minLength: 1 }),
  HOST: Type.String({ default: '127.0.0.1' }),
  APP_PORT: Type.Integer({ minimum: 0, maximum: 65_535 }),
  STREAM_REPLICAS: Type.Integer({ minimum: 1, maximum: 5, default: 1 }),
  STREAM_MAX_GIB: Type.Number({ exclusiveMinimum: 0, default: 3 }),
  LOG_LEVEL: Type.String({ default: 'info' }),
});
