import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { costsOf, sizesOf, type Plan } from './model.ts';

const PLAN: Plan = {
  postsPerSecond: 100,
  cells: 100,
  laterCommands: 0,
  turnSeconds: 0.05,
  utilisation: 0.5,
  postgresCores: 4,
};

it('finds the cost of a post and of a turn again that made the points', () => {
  const some = fc.double({ min: 0.01, max: 20, noNaN: true });
  fc.assert(
    fc.property(some, some, (perPost, perTurn) => {
      const points = [1, 2, 8, 90].map((postsPerTurn) => ({
        postsPerTurn,
        cpuPer1000: { api: perPost + perTurn / postsPerTurn },
      }));
      const found = costsOf(points).get('api');
      assert.ok(found !== undefined);
      assert.ok(Math.abs(found.perPost - perPost) < 1e-6 && Math.abs(found.perTurn - perTurn) < 1e-6);
    }),
  );
});

it('a thin load pays a turn for each post, a dense one shares it', () => {
  const costs = new Map([['api', { perPost: 1, perTurn: 9 }]]);
  const thin = sizesOf(PLAN, costs);
  assert.equal(thin.postsPerTurn, 1);
  assert.equal(thin.msPerPost, 10);
  assert.equal(thin.cores, 1);
  assert.equal(thin.pods.api, 2);
  const dense = sizesOf({ ...PLAN, cells: 1 }, costs);
  assert.equal(dense.postsPerTurn, 5);
  assert.equal(dense.msPerPost, 2.8);
});

it('more posts never need less', () => {
  const costs = new Map([
    ['api', { perPost: 0.3, perTurn: 1 }],
    ['postgres', { perPost: 0.2, perTurn: 2 }],
  ]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 0, max: 100_000 }), (posts, more) => {
      const [less, rest] = [posts, posts + more].map((postsPerSecond) => sizesOf({ ...PLAN, postsPerSecond }, costs));
      assert.ok((less?.cores ?? 0) <= (rest?.cores ?? 0) + 1e-9);
    }),
  );
});
