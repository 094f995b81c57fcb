/** What every store of pictures must do. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import type { ObjectStore } from '#adapters/objects/objectStore.ts';

/** @param name of the implementation */
export function objectsAcceptance(name: string, make: () => ObjectStore): void {
  describe(`objects: ${name}`, () => {
    it('gives back what was put, also under a name it had before; and none once it is removed', async () => {
      const store = make();
      const key = `photos/donor_1/${randomUUID()}`;
      assert.equal(await store.get(key), null);
      for (const bytes of [randomBytes(300_000), Buffer.from([0])]) {
        await store.put(key, bytes, 'image/jpeg');
        assert.deepEqual(await store.get(key), bytes);
      }
      for (let n = 0; n < 2; n++) await store.remove(key);
      assert.equal(await store.get(key), null);
    });

    it('takes no key that leads elsewhere', async () => {
      const store = make();
      for (const key of ['', '../secret', 'a/../../b', '/etc/passwd', 'A', 'a b', 'a?x=1', 'a//b', 'a/'])
        await assert.rejects(store.put(key, Buffer.from([1]), 'image/jpeg'), /object key/, key);
    });
  });
}
