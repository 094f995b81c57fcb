/** The actor host's HTTP: Dapr's actor routes, health, metrics. */
import Fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { CellActors } from '#cell/cellActor.ts';
import { registerActorRoutes } from '#adapters/dapr/actorRoutes.ts';

export interface ActorHostParts {
  readonly actors: CellActors;
  readonly appToken: string;
  readonly registry: Registry;
  readonly log: Logger;
  /** throws what is missing */
  readonly checkReady: () => Promise<void>;
}

export function createApp({ actors, appToken, registry, log, checkReady }: ActorHostParts): FastifyInstance {
  // forceCloseConnections: daprd keeps its connections open; stopping waits for requests, not for them.
  const app = Fastify({
    loggerInstance: log,
    disableRequestLogging: true,
    forceCloseConnections: 'idle',
  }) as unknown as FastifyInstance;
  registerActorRoutes(app, actors, appToken);
  app.get('/healthz', () => ({ status: 'alive' }));
  app.get('/readyz', async (_, reply) => {
    try {
      await checkReady();
      return { status: 'ready' };
    } catch (error) {
      return await reply.code(503).send({ status: 'not ready', missing: (error as Error).message });
    }
  });
  app.get('/metrics', async (_, reply) => reply.type(registry.contentType).send(await registry.metrics()));
  return app;
}
