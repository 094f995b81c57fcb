import assert from 'node:assert/strict';
import { it } from 'node:test';
import Fastify from 'fastify';
import { ACTOR_TYPE, TURN_METHOD } from '#cell/contract.ts';
import type { CellActors } from '#cell/cellActor.ts';
import { AWAKE_METHOD, registerActorRoutes } from './actorRoutes.ts';

const TOKEN = 'app-token';
const url = `/actors/${ACTOR_TYPE}/46920bd`;

function appOf(deactivated: string[]) {
  const app = Fastify();
  const actors = { deactivate: async (id: string) => void deactivated.push(id) } as unknown as CellActors;
  registerActorRoutes(app, actors, TOKEN);
  return app;
}

it('daprd takes a cell away, whatever content type its DELETE names', async () => {
  for (const type of ['application/octet-stream', 'application/grpc', 'application/json', undefined]) {
    const deactivated: string[] = [];
    const headers = { 'dapr-api-token': TOKEN, ...(type === undefined ? {} : { 'content-type': type }) };
    for (const body of [{}, { payload: 'x' }]) {
      const answer = await appOf(deactivated).inject({ method: 'DELETE', url, headers, ...body });
      assert.equal(answer.statusCode, 200, `${String(type)}: ${answer.body}`);
    }
    assert.deepEqual(deactivated, ['46920bd', '46920bd']);
  }
});

it(
  'a turn that does not end is not waited for: placement would cut the whole host off',
  { timeout: 2_000 },
  async () => {
    const app = Fastify();
    const actors = { deactivate: () => new Promise<void>(() => undefined) } as unknown as CellActors;
    registerActorRoutes(app, actors, TOKEN);
    const answer = await app.inject({ method: 'DELETE', url, headers: { 'dapr-api-token': TOKEN } });
    assert.equal(answer.statusCode, 200);
  },
);

it('whoever asks whether calls arrive is told so, under any id', async () => {
  const asked = { method: 'PUT', url: `/actors/${ACTOR_TYPE}/awake-3/method/${AWAKE_METHOD}` } as const;
  assert.equal((await appOf([]).inject({ ...asked, headers: { 'dapr-api-token': TOKEN } })).statusCode, 200);
  assert.equal((await appOf([]).inject({ ...asked, headers: {} })).statusCode, 401);
});

it('a stranger takes nothing away, and a turn still has to be JSON', async () => {
  const deactivated: string[] = [];
  const stranger = await appOf(deactivated).inject({ method: 'DELETE', url, headers: { 'dapr-api-token': 'guess' } });
  assert.equal(stranger.statusCode, 401);
  assert.deepEqual(deactivated, []);
  const headers = { 'dapr-api-token': TOKEN, 'content-type': 'application/octet-stream' };
  const turn = await appOf(deactivated).inject({
    method: 'PUT',
    url: `${url}/method/${TURN_METHOD}`,
    headers,
    payload: 'x',
  });
  assert.equal(turn.statusCode, 415);
});
