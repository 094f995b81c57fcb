import { Type, type Static } from 'typebox';

export const ROLE_NAMES = ['sweep', 'rematch', 'escalate', 'notify', 'keep', 'housekeep'] as const;
export type RoleName = (typeof ROLE_NAMES)[number];

/** What the worker reads from its environment; dev/README.md explains each. */
export const Config = Type.Object({
  APP_PORT: Type.Integer({ minimum: 0, maximum: 65_535 }),
  HOST: Type.String({ default: '127.0.0.1' }),
  DATABASE_URL: Type.String({ minLength: 1 }),
  DATABASE_POOL_SIZE: Type.Integer({ default: 12, minimum: 2, maximum: 100 }),
  REDIS_URL: Type.String({ default: '' }),
  REDIS_PREFIX: Type.String({ default: 'pp' }),
  NATS_URL: Type.String({ minLength: 1 }),
  STREAM_REPLICAS: Type.Integer({ default: 1, minimum: 1, maximum: 5 }),
  STREAM_MAX_GIB: Type.Number({ exclusiveMinimum: 0, default: 3 }),
  DAPR_HTTP_PORT: Type.Integer({ minimum: 1, maximum: 65_535 }),
  DAPR_API_TOKEN: Type.String({ minLength: 16 }),
  CONTACT_KEYS: Type.String({ default: '' }),
  CONTACT_KEY_ID: Type.String({ default: '' }),
  VAPID_PUBLIC_KEY: Type.String({ default: '' }),
  VAPID_PRIVATE_KEY: Type.String({ default: '' }),
  VAPID_SUBJECT: Type.String({ default: '' }),
  ALLOW_LOCAL_PUSH: Type.String({ default: '' }),
  PHOTO_STORE: Type.String({ default: '' }),
  PHOTO_STORE_REGION: Type.String({ default: 'us-east-1', minLength: 1 }),
  PHOTO_STORE_KEY_ID: Type.String({ default: '' }),
  PHOTO_STORE_SECRET: Type.String({ default: '' }),
  /** of an SMSGate API; `console:` writes to the log; empty: no second channel */
  SMS_GATEWAY_URL: Type.String({ default: '' }),
  SMS_GATEWAY_USER: Type.String({ default: '' }),
  SMS_GATEWAY_PASSWORD: Type.String({ default: '' }),
  /** where people open the screens: what text messages link to */
  PUBLIC_URL: Type.String({ default: '' }),
  PAGERDUTY_EVENTS_URL: Type.String({ default: '' }),
  PAGERDUTY_ROUTING_KEY: Type.String({ default: '' }),
  REGION_LEVEL: Type.Integer({ default: 9, minimum: 2, maximum: 12 }),
  WORKER_ROLES: Type.String({ default: ROLE_NAMES.join(',') }),
  LOG_LEVEL: Type.String({ default: 'info' }),
});
export type Config = Static<typeof Config>;

/**
 * Which roles this process plays: `--roles=sweep,notify`, else WORKER_ROLES, else all.
 * @throws Error naming what is no role
 */
export function rolesOf(args: readonly string[], fromEnv: string): RoleName[] {
  const flag = args.find((arg) => arg.startsWith('--roles='))?.slice('--roles='.length);
  const names = (flag ?? fromEnv)
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const unknown = names.filter((name) => !(ROLE_NAMES as readonly string[]).includes(name));
  if (unknown.length > 0 || names.length === 0) {
    throw new Error(`No such role: ${unknown.join(', ') || '(none given)'}. Roles are ${ROLE_NAMES.join(', ')}.`);
  }
  return ROLE_NAMES.filter((name) => names.includes(name));
}
