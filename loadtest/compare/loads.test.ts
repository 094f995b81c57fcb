import assert from 'node:assert/strict';
import { it } from 'node:test';
import { loadsOf } from './loads.ts';
import { meansOf, ratioOf, type Figures } from './figures.ts';

it('a load is a rate or connections, over all cells or the fullest', () => {
  assert.deepEqual(loadsOf(' 500/s 5000/s 512@20\n'), [
    { name: '500/s', rate: 500, connections: 512 },
    { name: '5000/s', rate: 5_000, connections: 2_500 },
    { name: '512@20', connections: 512, cells: 20 },
  ]);
});

it('a load named again repeats the posts of the first', () => {
  assert.deepEqual(loadsOf('500/s 512 500/s 500/s'), [
    { name: '500/s', rate: 500, connections: 512 },
    { name: '512', connections: 512 },
    { name: '500/s again', rate: 500, connections: 512, repeatOf: '500/s' },
    { name: '500/s again again', rate: 500, connections: 512, repeatOf: '500/s' },
  ]);
});

it('what is no load is named, and how one looks', () => {
  for (const wrong of ['', '0/s', '500/m', '-1', '512@', '512@0', '1e3']) {
    assert.throws(
      () => loadsOf(wrong),
      (error) => error instanceof RangeError && error.message.includes('512'),
      wrong,
    );
  }
});

it('means are of all rounds, and a process that was not there in one counts as nothing', () => {
  const rounds: Figures[] = [
    { 'posts/s': 100, api: 2 },
    { 'posts/s': 300, api: 4, relay: 1 },
  ];
  const means = meansOf(rounds);
  assert.deepEqual(means, { 'posts/s': 200, api: 3, relay: 0.5 });
  assert.deepEqual(ratioOf({ 'posts/s': 100, api: 6 }, means), {
    'posts/s': 2,
    api: 0.5,
    relay: Number.POSITIVE_INFINITY,
  });
});
