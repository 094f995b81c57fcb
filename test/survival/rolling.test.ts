/** An api and an actor host are restarted while stories go on; a load balancer stands before the apis. `make rolling` does all, at half load. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { join, leave } from '../../dev/stack/roll.ts';
import { startHelsinki, type Helsinki } from '../journey/helsinki.ts';
import { signIn } from '../journey/people.ts';
import { createBalancer, type Balancer } from './balancer.ts';
import { failures, playSteadily, type Stage } from './stories.ts';
import { keepTokens } from '../../dev/issuer/tokens.ts';

const STORIES_PER_SECOND = 4;

let helsinki: Helsinki;
let balancer: Balancer;

before(
  async () => {
    helsinki = await startHelsinki({ DRAIN_SECONDS: '1' }, { api: 2, 'actor-host': 2 });
    const { ports } = helsinki.stack;
    balancer = createBalancer(['api', 'api-2'].map((name) => ports[name] ?? 0));
  },
  { timeout: 180_000 },
);
after(async () => {
  await balancer.close();
  await helsinki.stop();
});

it('no request fails while an api and an actor host are restarted', { timeout: 120_000 }, async () => {
  const operator = await signIn(helsinki, 'operator');
  const { body } = await operator.get<{ items: { id: string }[] }>('/v1/donors?limit=50');
  const donorIds = body.items.map(({ id }) => id);
  const stage: Stage = {
    balancer,
    tokens: keepTokens(helsinki.stack.env['JWT_ISSUER_URL'] ?? ''),
    donorIds,
    seed: 'rolling',
    seen: [],
  };
  let numbers = 0;
  const stop = playSteadily(stage, STORIES_PER_SECOND, () => numbers++);
  for (const name of ['actor-host', 'api', 'actor-host-2', 'api-2']) {
    await leave(helsinki.stack, name);
    await join(helsinki.stack, name);
  }
  await stop();
  assert.ok(stage.seen.length > 50, `${String(stage.seen.length)} requests`);
  assert.deepEqual(failures(stage.seen), []);
});
