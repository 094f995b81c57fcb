/** A phone whose database does not open, the first time. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { database, recall, remember } from '../../web/engine/database.ts';

/** What the browser would give; fails when it is listened to. */
class Request extends EventTarget {
  readonly error = new Error('the disk is full');
}

it('is tried again at the next use, and what was seen can do without', async () => {
  let opens = 0;
  const open = (): Request => {
    opens++;
    const request = new Request();
    queueMicrotask(() => request.dispatchEvent(new Event('error')));
    return request;
  };
  Object.assign(globalThis, { indexedDB: { open }, IDBRequest: Request });
  await assert.rejects(database());
  await assert.rejects(database());
  assert.equal(opens, 2);
  assert.equal(await recall('recipient:a offers'), null);
  await remember('recipient:a offers', []);
  assert.equal(opens, 4);
});
