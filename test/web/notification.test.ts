/** What a push says on a phone. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { notificationOf } from '../../web/sw/notification.ts';

it('of the same food each takes the place of the one before, and rings again', async () => {
  const offer = await notificationOf(JSON.stringify({ type: 'offer', surplusId: 'x', offerId: 'y' }));
  const withdrawn = await notificationOf(JSON.stringify({ type: 'withdrawn', surplusId: 'x', offerId: 'y' }));
  assert.deepEqual([offer.options.tag, withdrawn.options.tag], ['x', 'x']);
  assert.deepEqual([offer.options.renotify, withdrawn.options.renotify], [true, true]);
});

it('always has a tag: browsers throw when something without one shall ring again', async () => {
  for (const text of ['', '{}', 'no JSON', '{"surplusId":""}', '{"type":"offer"}'])
    assert.notEqual((await notificationOf(text)).options.tag, '');
});
