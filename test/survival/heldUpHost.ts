/** An actor host that, told so once (POST /hold-up), takes longer to let cells go than placement waits, as a turn behind a locked table once did. */
import { setTimeout as pause } from 'node:timers/promises';
import Fastify from 'fastify';
import pino from 'pino';
import { Registry } from 'prom-client';
import type { CellActors } from '#cell/cellActor.ts';
import { registerActorRoutes } from '#adapters/dapr/actorRoutes.ts';
import { watchSidecar } from '#adapters/dapr/sidecarWatch.ts';

const HELD_UP_MS = 3_000;
const { APP_PORT, APP_API_TOKEN = '', DAPR_HTTP_PORT, DAPR_API_TOKEN: daprToken = '', WATCHED } = process.env;

const app = Fastify();
let heldUp = false;
// Told, not the first time: what the watch asks moves from host to host as well, when they start at different times.
app.post('/hold-up', async (_request, reply) => {
  heldUp = true;
  await reply.code(204).send();
});
// Straight before our own routes, which answer a DELETE in time.
app.addHook('onRequest', async ({ method }) => {
  if (method !== 'DELETE' || !heldUp) return;
  await pause(HELD_UP_MS);
  heldUp = false;
});
const actors = {
  turn: async () => ({ answers: [] }),
  deactivate: async () => undefined,
} as unknown as CellActors;
registerActorRoutes(app, actors, APP_API_TOKEN);
app.get('/healthz', () => ({}));
app.get('/readyz', () => ({}));
await app.listen({ host: '127.0.0.1', port: Number(APP_PORT) });
const daprUrl = `http://127.0.0.1:${String(DAPR_HTTP_PORT)}`;
if (WATCHED === '1') watchSidecar({ daprUrl, daprToken, registry: new Registry(), log: pino() });
