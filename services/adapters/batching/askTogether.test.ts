import assert from 'node:assert/strict';
import { it } from 'node:test';
import { askTogether } from './askTogether.ts';

it('asks together what is asked at once, and answers each its own', async () => {
  const asked: number[][] = [];
  const double = askTogether<string, number, number>({
    maxInFlight: 2,
    maxBatch: 10,
    run: async (_, items) => {
      asked.push([...items]);
      await new Promise((resolve) => setImmediate(resolve));
      return items.map((item) => item * 2);
    },
  });
  const answers = await Promise.all([1, 2, 3, 4].map((item) => double('a', item)));
  assert.deepEqual(answers, [2, 4, 6, 8]);
  assert.deepEqual(asked, [[1, 2, 3, 4]]);
});

it('a batch that fails, fails for all in it, and the next goes on', async () => {
  let fails = true;
  const ask = askTogether<string, number, number>({
    maxInFlight: 1,
    maxBatch: 10,
    run: (_, items) => (fails ? Promise.reject(new Error('away')) : Promise.resolve(items)),
  });
  await assert.rejects(ask('a', 1), /away/);
  fails = false;
  assert.equal(await ask('a', 2), 2);
});
