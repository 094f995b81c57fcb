/** An api and an actor host are restarted while stories go on; a load balancer stands before the apis. `make rolling` does all, at half load. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { join, leave } from '../../dev/stack/roll.ts';
import { startHelsinki, type Helsinki } from '../journey/helsinki.ts';
import { signIn } from '../journey/people.ts';
import { failures, openStage, playSteadily } from './stories.ts';

const STORIES_PER_SECOND = 4;

let helsinki: Helsinki;

before(
  async () => {
    helsinki = await startHelsinki({ DRAIN_SECONDS: '1' }, { api: 2, 'actor-host': 2 });
  },
  { timeout: 180_000 },
);
after(() => helsinki.stop());

it('no request fails while an api and an actor host are restarted', { timeout: 120_000 }, async (t) => {
  const operator = await signIn(helsinki, 'operator');
  const { body } = await operator.get<{ items: { id: string }[] }>('/v1/donors?limit=50');
  const donorIds = body.items.map(({ id }) => id);
  const stage = openStage(helsinki.stack, ['api', 'api-2'], donorIds, 'rolling');
  t.after(() => stage.balancer.close());
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
