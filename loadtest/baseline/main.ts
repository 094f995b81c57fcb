/**
 * The plain service a team would write instead: one Fastify process, nearest-neighbour SQL, a transaction a post, an outbox.
 * Same validation, tokens, rate limits and durability as ours; no cells, no fairness, no hours, no rematch.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Fastify, { type FastifyRequest } from 'fastify';
import { Compile } from 'typebox/compile';
import type { TSchema } from 'typebox';
import { connectBus } from '#adapters/nats/bus.ts';
import { cellAt } from '#adapters/geo/s2.ts';
import { createPool } from '#adapters/postgres/pool.ts';
import { findOrganisations } from '#adapters/postgres/sql/findOrganisations.ts';
import { connectRedis } from '#adapters/redis/connection.ts';
import { createRequestCounter } from '#adapters/redis/countRequest.ts';
import { regionOf, signedIdOf } from '#core/geo/cell.ts';
import { withClient } from '../../dev/stack/infrastructure/postgres.ts';
import { createJwks } from '../../services/api/auth/jwks.ts';
import { createTokenVerifier, type Verified } from '../../services/api/auth/tokens.ts';
import { createFingerprint } from '../../services/api/idempotency/key.ts';
import { limitRates } from '../../services/api/limits/rateLimit.ts';
import { createDirectory } from '../../services/api/organisations/directory.ts';
import { Problem } from '../../services/api/problems.ts';
import { PostSurplus, type PostSurplusBody } from '../../services/api/schemas/surplus.ts';
import { post } from './post.ts';
import { relayForEver } from './relay.ts';

const env = process.env;
await withClient(env['MIGRATION_DATABASE_URL'] ?? '', async (owner) => {
  await owner.query(readFileSync(join(import.meta.dirname, 'schema.sql'), 'utf8'));
});
const pool = createPool(env['DATABASE_URL'] ?? '', 'baseline', 32);
const redis = connectRedis(env['REDIS_URL'] ?? '', { name: 'baseline' });
const bus = await connectBus({ url: env['NATS_URL'] ?? '', name: 'baseline' });
await bus.jsm.streams.add({ name: 'BASELINE', subjects: ['baseline.>'] });
const issuer = env['JWT_ISSUER_URL'] ?? '';
const keys = createJwks(new URL(`${issuer}/.well-known/jwks.json`));
const verify = createTokenVerifier({
  issuers: [{ issuer, keys }],
  audience: env['JWT_AUDIENCE'] ?? '',
  clocks: [Date.now],
});
const directory = createDirectory({ read: (kind, ids) => findOrganisations(pool, kind, ids) });
const fingerprint = createFingerprint(env['HANDOVER_SECRET'] ?? '');

const app = Fastify();
app.setValidatorCompiler<TSchema>(({ schema }) => {
  const check = Compile(schema);
  return (value: unknown) => (check.Check(value) ? { value } : { error: check.Errors(value) as never });
});
app.setSerializerCompiler(() => JSON.stringify);
app.setErrorHandler(async (error, _, reply) => {
  const isOurs = error instanceof Problem;
  const status = isOurs
    ? ({ 'not-authenticated': 401, 'rate-limited': 429 } as Record<string, number>)[error.code]
    : undefined;
  return await reply
    .code(status ?? (error as { statusCode?: number }).statusCode ?? 500)
    .send({ error: String(error) });
});
app.decorateRequest('verified', null);
app.addHook('onRequest', async (request: FastifyRequest & { verified: Verified | null }) => {
  if (request.url.startsWith('/v1/')) request.verified = await verify(request.headers.authorization);
});
await limitRates(app, {
  limits: { donor: Number(env['RATE_LIMIT_DONOR'] ?? 100), recipient: 50, operator: 1_000, address: 120 },
  count: createRequestCounter(redis.client, 'baseline:rate:'),
  failed: () => undefined,
});
app.get('/healthz', () => ({ status: 'alive' }));
app.get('/readyz', () => ({ status: 'ready' }));
app.post<{ Body: PostSurplusBody }>('/v1/surplus', { schema: { body: PostSurplus } }, async (request, reply) => {
  const principal = request.verified?.principal;
  const key = request.headers['idempotency-key'];
  if (principal?.role !== 'donor') return await reply.code(403).send({ error: 'not a donor' });
  if (typeof key !== 'string' || key === '') return await reply.code(400).send({ error: 'no Idempotency-Key' });
  const donor = await directory.find('donor', principal.id);
  if (donor === null) return await reply.code(403).send({ error: 'no such donor' });
  const { body } = request;
  const { lat, lon } = body.location ?? donor;
  const regionId = signedIdOf(regionOf(cellAt({ lat, lon })));
  const asked = {
    donorId: principal.id,
    key,
    fingerprint: fingerprint('POST', '/v1/surplus', body),
    regionId,
    lat,
    lon,
    body,
  };
  const surplus = await post(pool, asked);
  return surplus === null ? await reply.code(422).send({ error: 'key reuse' }) : await reply.code(201).send(surplus);
});
await app.listen({ host: env['HOST'] ?? '127.0.0.1', port: Number(env['APP_PORT']) });
void relayForEver(pool, bus);

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
