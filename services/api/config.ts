import Type, { type Static } from 'typebox';

/** What this process reads from its environment; see dev/README.md. */
export const ApiEnv = Type.Object({
  APP_PORT: Type.Integer({ minimum: 1, maximum: 65_535 }),
  HOST: Type.String({ default: '127.0.0.1' }),
  DATABASE_URL: Type.String({ minLength: 1 }),
  DATABASE_CONNECTIONS: Type.Integer({ default: 16, minimum: 1, maximum: 200 }),
  REDIS_URL: Type.String({ minLength: 1 }),
  NATS_URL: Type.String({ minLength: 1 }),
  DAPR_HTTP_PORT: Type.Integer({ minimum: 1, maximum: 65_535 }),
  DAPR_API_TOKEN: Type.String({ default: '' }),
  /** whose tokens count; empty: only our own, see IDENTITY_KEYS */
  JWT_ISSUER_URL: Type.String({ default: '' }),
  JWT_AUDIENCE: Type.String({ default: 'pahlawan-pangan', minLength: 1 }),
  /** a private JWK Set: people sign in here; empty: they do so at JWT_ISSUER_URL alone */
  IDENTITY_KEYS: Type.String({ default: '' }),
  /** the address people open: our tokens' issuer, and what links and passkeys are for; goes with IDENTITY_KEYS */
  PUBLIC_URL: Type.String({ default: '' }),
  HANDOVER_SECRET: Type.String({ minLength: 32 }),
  CONTACT_KEYS: Type.String({ minLength: 2 }),
  CONTACT_KEY_ID: Type.String({ minLength: 1 }),
  VAPID_PUBLIC_KEY: Type.String({ default: '' }),
  /** '1': push endpoints on this machine are taken too (tests, demos) */
  ALLOW_LOCAL_PUSH: Type.String({ default: '' }),
  /** an absolute folder, or https://<host>/<bucket> of an S3 store; empty: no photos */
  PHOTO_STORE: Type.String({ default: '' }),
  PHOTO_STORE_REGION: Type.String({ default: 'us-east-1', minLength: 1 }),
  PHOTO_STORE_KEY_ID: Type.String({ default: '' }),
  PHOTO_STORE_SECRET: Type.String({ default: '' }),
  /** a PMTiles file of vector tiles, by its absolute path: streets under the lots; empty: the screens draw a plain map */
  MAP_TILES_FILE: Type.String({ default: '' }),
  /** what a meal weighs, and what a kilogram of food that is eaten saves; with who says so */
  IMPACT_MEAL_KG: Type.Number({ default: 0.42, exclusiveMinimum: 0 }),
  IMPACT_MEAL_SOURCE: Type.String({ default: 'WRAP', minLength: 1, maxLength: 100 }),
  IMPACT_CO2E_KG_PER_KG: Type.Number({ default: 2.58, minimum: 0 }),
  IMPACT_CO2E_SOURCE: Type.String({ default: 'ReFED', minLength: 1, maxLength: 100 }),
  REDIS_PREFIX: Type.String({ default: 'pp' }),
  RATE_LIMIT_DONOR: Type.Integer({ default: 100, minimum: 1 }),
  RATE_LIMIT_RECIPIENT: Type.Integer({ default: 50, minimum: 1 }),
  RATE_LIMIT_OPERATOR: Type.Integer({ default: 1_000, minimum: 1 }),
  /** sign-ins and refreshes of one address; many phones share one */
  RATE_LIMIT_ADDRESS: Type.Integer({ default: 120, minimum: 1 }),
  /** addresses or networks of our load balancers, by commas: only what they say in X-Forwarded-For is believed */
  TRUSTED_PROXIES: Type.String({ default: '' }),
  /** from /readyz saying no to the door closing: a load balancer looks every second or two */
  DRAIN_SECONDS: Type.Number({ default: 5, minimum: 0, maximum: 60 }),
  LOG_LEVEL: Type.String({ default: 'info' }),
});
export type ApiConfig = Static<typeof ApiEnv>;
