/**
 * Dapr's actor protocol towards the app, in five routes: config, healthz, method, remind/timer (refused: PostgreSQL owns
 * what happens next), deactivate. https://docs.dapr.io/reference/api/actors_api/ — why not the SDK's server: ADR 0002.
 */
import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ACTOR_TYPE, TURN_METHOD, type TurnRequest } from '#cell/contract.ts';
import type { CellActors } from '#cell/cellActor.ts';
import { withinMs } from '../timing/withinMs.ts';

interface ActorParams {
  readonly type: string;
  readonly id: string;
  readonly method: string;
}

/** Of any actor id: answers at once, to whoever asks whether calls arrive (sidecarWatch.ts). */
export const AWAKE_METHOD = 'awake';
/**
 * A turn lasts well under a second, and placement gives a whole round 2 s (dev/stack/infrastructure/dapr.ts). Who takes longer is cut off
 * in the middle of the round, which may silence the sidecar for good (ADR 0012). What is still under way then ends by itself, behind the fence.
 */
const DRAIN_MS = 500;
const DEACTIVATE_WITHIN_MS = 250;
/** A turn of 100 posts is about 60 KB. */
const BODY_LIMIT_BYTES = 4 * 1024 * 1024;

/** @param appToken what daprd sends as `dapr-api-token`; others are refused */
export function registerActorRoutes(app: FastifyInstance, actors: CellActors, appToken: string): void {
  const expected = Buffer.from(appToken);
  app.addHook('onRequest', async (request, reply) => {
    if (request.url.startsWith('/actors/') && !hasToken(request, expected))
      await reply.code(401).send({ error: 'wrong app token' });
  });
  app.get('/dapr/config', () => ({
    entities: [ACTOR_TYPE],
    actorIdleTimeout: '10m',
    drainOngoingCallTimeout: `${String(DRAIN_MS)}ms`,
    drainRebalancedActors: true,
    reentrancy: { enabled: false },
  }));
  app.put<{ Params: ActorParams }>(
    '/actors/:type/:id/method/:method',
    { bodyLimit: BODY_LIMIT_BYTES },
    async (request, reply) => {
      const { type, id, method } = request.params;
      if (type === ACTOR_TYPE && method === AWAKE_METHOD) return {};
      if (type !== ACTOR_TYPE || method !== TURN_METHOD) return await reply.code(404).send({ error: 'no such method' });
      try {
        return await actors.turn(id, request.body as TurnRequest);
      } catch (error) {
        if (error instanceof RangeError) return await reply.code(400).send({ error: error.message });
        throw error;
      }
    },
  );
  app.put(
    '/actors/:type/:id/method/remind/:name',
    async (_, reply) => await reply.code(404).send({ error: 'no reminders here' }),
  );
  app.put(
    '/actors/:type/:id/method/timer/:name',
    async (_, reply) => await reply.code(404).send({ error: 'no timers here' }),
  );
  void app.register(async (scope) => registerDeactivation(scope, actors));
}

/** daprd sends a content type with its DELETE that is none of ours: refused (415), the host would keep what it lost. */
function registerDeactivation(scope: FastifyInstance, actors: CellActors): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null, null));
  scope.delete<{ Params: ActorParams }>('/actors/:type/:id', async (request) => {
    await withinMs(DEACTIVATE_WITHIN_MS, actors.deactivate(request.params.id), () => undefined);
    return {};
  });
}

function hasToken(request: FastifyRequest, expected: Buffer): boolean {
  const given = Buffer.from(String(request.headers['dapr-api-token'] ?? ''));
  return given.length === expected.length && timingSafeEqual(given, expected);
}
