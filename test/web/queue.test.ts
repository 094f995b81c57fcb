/** The queue on a phone that has no room left: what became of taps is known to the page alone. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createQueue } from '../../web/engine/queue.ts';
import { after, due, newTap, type Outcome, type Tap } from '../../web/engine/tap.ts';

const REFUSED: Outcome = { outcome: 'refused', refusal: { code: 'capacity', detail: '' } };
const LATER: Outcome = { outcome: 'later', retryAfterMs: null };

function tapOf(id: string, atMs: number): Tap {
  const given = { owner: 'donor:a', kind: 'post', subject: id, method: 'POST', path: '/v1/surplus', body: {} } as const;
  return newTap(given, id, atMs);
}

/** It had room for these, and has none for more. */
function fullPhone({ isWatched }: { readonly isWatched: boolean }) {
  const kept = new Map([tapOf('first', 1), tapOf('second', 2)].map((tap) => [tap.id, tap]));
  const store = {
    all: () => Promise.resolve([...kept.values()]),
    put: () => Promise.reject(new DOMException('no room', 'QuotaExceededError')),
    remove: (id: string) => Promise.resolve(kept.delete(id)),
  };
  return { kept, queue: createQueue(store, () => isWatched) };
}
const dueOf = async ({ queue }: ReturnType<typeof fullPhone>, nowMs: number): Promise<string[]> =>
  due(await queue.all(), 'donor:a', nowMs).map(({ id }) => id);

describe('on a full phone', () => {
  it('a refusal holds up nothing behind it, is told, and is gone once it was read', async () => {
    const phone = fullPhone({ isWatched: true });
    await phone.queue.note(after(tapOf('first', 1), REFUSED, 5));
    assert.deepEqual(await dueOf(phone, 10), ['second']);
    assert.deepEqual([...phone.kept.keys()], ['second'], 'it is not sent again by the next page');
    const told = (await phone.queue.all()).find(({ id }) => id === 'first');
    assert.equal(told?.refusal?.code, 'capacity');
    await phone.queue.forget('first');
    assert.deepEqual(
      (await phone.queue.all()).map(({ id }) => id),
      ['second'],
    );
  });

  it('a refusal that nobody is told of is left to the next page', async () => {
    const phone = fullPhone({ isWatched: false });
    await phone.queue.note(after(tapOf('first', 1), REFUSED, 5));
    assert.deepEqual(await dueOf(phone, 10), ['second']);
    assert.ok(phone.kept.has('first'));
  });

  it('what gets no answer waits its time, unless it is hurried', async () => {
    const phone = fullPhone({ isWatched: true });
    await phone.queue.note(after(tapOf('first', 1), LATER, 5));
    assert.deepEqual(await dueOf(phone, 10), ['second']);
    phone.queue.hurry();
    assert.deepEqual(await dueOf(phone, 10), ['first', 'second']);
  });

  it('what was sent is not sent again, and what somebody else has noted is believed', async () => {
    const phone = fullPhone({ isWatched: true });
    await phone.queue.note(after(tapOf('first', 1), { outcome: 'sent' }, 5));
    await phone.queue.note(after(tapOf('second', 2), LATER, 5));
    phone.kept.set('second', after(tapOf('second', 2), REFUSED, 6));
    const states = (await phone.queue.all()).map(({ id, state }) => `${id} ${state}`);
    assert.deepEqual(states.sort(), ['first sent', 'second refused']);
    phone.kept.delete('second');
    assert.deepEqual(
      (await phone.queue.all()).map(({ id }) => id),
      ['first'],
    );
  });
});
