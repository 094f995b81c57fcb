import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { it } from 'node:test';
import fc from 'fast-check';
import type { LotId } from '#core/words/ids.ts';
import { createLotIds } from './lotIds.ts';

/** Few in all, and alike at their ends: they collide, and wrap around the table's end. */
const endings = ['00000000', '00000001', '00000007', '0000000f', 'ffffffff', '80000007'];
const uuids = fc
  .tuple(fc.constantFrom('01a22951', '01a22952'), fc.integer({ min: 0, max: 40 }), fc.constantFrom(...endings))
  .map(([time, n, end]) => `${time}-2002-71cc-8560-${n.toString(16).padStart(4, '0')}${end}`);
const ids = fc.oneof(
  { weight: 9, arbitrary: uuids.map((uuid) => `2e69f4b-${uuid}`) },
  { weight: 1, arbitrary: uuids.map((uuid) => `2e69f4d-${uuid}`) },
  { weight: 1, arbitrary: fc.constantFrom('', 'L', '2e69f4b-00000000-0000-0000-0000-000000000000') },
);
const acts = fc.array(fc.tuple(fc.constantFrom('add', 'add', 'delete'), ids), { maxLength: 400, size: 'max' });

it('it holds what a set of texts holds, whatever is added and taken away', () => {
  fc.assert(
    fc.property(acts, ids, (done, asked) => {
      const [compact, plain] = [createLotIds(), new Set<string>()];
      for (const [act, id] of done) {
        compact[act](id as LotId);
        plain[act](id);
      }
      const everybody = new Set([asked, ...done.map(([, id]) => id)]);
      for (const id of everybody) assert.equal(compact.has(id as LotId), plain.has(id), id);
    }),
    { numRuns: 1_000 },
  );
});

it('what only looks like a lot of this cell is none', () => {
  const held = '2e69f4b-01a22951-2002-71cc-8560-3d84b225b3ef';
  const lotIds = createLotIds();
  lotIds.add(held as LotId);
  const alike = [
    held.toUpperCase(),
    held.slice(1),
    ` ${held}`,
    `${held} `,
    held.replace('2e69f4b', '2e69f4d'),
    held.replaceAll('-', ''),
    held.replace('3ef', '3eg'),
    held.replace('-2002-', '--2002'),
  ];
  for (const id of alike) assert.equal(lotIds.has(id as LotId), false, id);
  assert.equal(lotIds.has(held as LotId), true);
});

it('a hundred thousand come and go', () => {
  const all = Array.from({ length: 100_000 }, () => `2e69f4b-${randomUUID()}` as LotId);
  const lotIds = createLotIds();
  for (const id of all) lotIds.add(id);
  assert.ok(all.every((id) => lotIds.has(id)));
  all.forEach((id, n) => {
    if (n % 2 === 0) lotIds.delete(id);
  });
  assert.ok(all.every((id, n) => lotIds.has(id) === (n % 2 === 1)));
});
