import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMembers } from './members.ts';

test('whose sidecar lets nothing through leaves its regions to others, and comes back when it does', async () => {
  let [well, here] = [true, new Set(['other'])];
  const members = createMembers({
    join: () => Promise.resolve([...here.add('me')].sort()),
    list: () => Promise.resolve([...here].sort()),
    isWell: () => Promise.resolve(well),
    me: 'me',
  });
  assert.deepEqual(await members(), ['me', 'other']);
  well = false;
  for (let round = 0; round < 2; round++)
    assert.deepEqual(await members(), ['me', 'other'], 'a few rounds are nothing');
  assert.deepEqual(await members(), ['other']);
  here.delete('me');
  assert.deepEqual(await members(), ['other']);
  assert.equal(here.has('me'), false);
  here = new Set();
  assert.deepEqual(await members(), ['me'], 'nobody else is there');
  assert.equal(here.has('me'), false);
  well = true;
  assert.deepEqual(await members(), ['me']);
});
