import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../../dev/testing/until.ts';
import { readTogether } from './readTogether.ts';

test('one read at a time; who asks while one is under way is answered by the next', async () => {
  const open: ((answer: number) => void)[] = [];
  const ask = readTogether(() => new Promise<number>((resolve) => open.push(resolve)));
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const first = ask();
  await turn();
  const [second, third] = [ask(), ask()];
  await turn();
  assert.equal(open.length, 1);
  open[0]?.(1);
  assert.equal(await first, 1);
  await until('the next one begins', () => open.length === 2);
  open[1]?.(2);
  assert.deepEqual(await Promise.all([second, third]), [2, 2]);
});

test('a read that fails fails for those who waited for it, and the next is a new one', async () => {
  let reads = 0;
  const ask = readTogether(() => (++reads === 1 ? Promise.reject(new Error('away')) : Promise.resolve(reads)));
  await assert.rejects(ask(), { message: 'away' });
  assert.equal(await ask(), 2);
});
