import assert from 'node:assert/strict';
import { it } from 'node:test';
import { withinMs } from './withinMs.ts';

const never = new Promise<never>(() => undefined);

it('gives what the work gives, or what is said when it is late', async () => {
  assert.equal(await withinMs(1_000, Promise.resolve('done'), () => 'late'), 'done');
  assert.equal(await withinMs(1, never, () => 'late'), 'late');
});

it('throws what either throws', async () => {
  await assert.rejects(
    withinMs(1_000, Promise.reject(new Error('failed')), () => null),
    /failed/,
  );
  await assert.rejects(
    withinMs(1, never, () => {
      throw new Error('too late');
    }),
    /too late/,
  );
});

it('leaves no timer behind, and work that fails afterwards fails unheard', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  await withinMs(1_000, Promise.resolve(), () => assert.fail('it was in time'));
  t.mock.timers.tick(2_000);
  const { promise, reject } = Promise.withResolvers<never>();
  const asked = withinMs(1_000, promise, () => 'late');
  t.mock.timers.tick(1_000);
  assert.equal(await asked, 'late');
  reject(new Error('nobody waits for it any more'));
  await Promise.resolve();
});
