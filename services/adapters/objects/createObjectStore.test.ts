import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { objectsAcceptance } from '../../../test/acceptance/objects.ts';
import { createFolderStore } from './folderStore.ts';
import { createObjectStore } from './createObjectStore.ts';

const folder = mkdtempSync(join(tmpdir(), 'objects-'));
after(() => rmSync(folder, { recursive: true, force: true }));
objectsAcceptance('a folder', () => createFolderStore(folder));

it('a folder holds whole pictures only: nothing half written is left beside them', async () => {
  const store = createFolderStore(folder);
  await Promise.all(
    Array.from({ length: 20 }, (_, n) => store.put('photos/same', Buffer.alloc(50_000, n), 'image/jpeg')),
  );
  const kept = await store.get('photos/same');
  assert.equal(kept?.length, 50_000);
  assert.equal(new Set(kept).size, 1);
  assert.deepEqual(
    readdirSync(join(folder, 'photos')).filter((name) => name.startsWith('same')),
    ['same'],
  );
});

it('what could not be written leaves nothing behind', async () => {
  const store = createFolderStore(folder);
  mkdirSync(join(folder, 'photos/taken/by-a-folder'), { recursive: true });
  await assert.rejects(store.put('photos/taken', Buffer.alloc(100), 'image/jpeg'));
  assert.deepEqual(
    readdirSync(join(folder, 'photos')).filter((name) => name.startsWith('taken')),
    ['taken'],
  );
});

it('its place is a folder or a bucket, or nothing; what is missing is said', () => {
  const env = { PHOTO_STORE: '', PHOTO_STORE_REGION: 'us-east-1', PHOTO_STORE_KEY_ID: '', PHOTO_STORE_SECRET: '' };
  assert.equal(createObjectStore(env), null);
  assert.notEqual(createObjectStore({ ...env, PHOTO_STORE: folder }), null);
  assert.throws(() => createObjectStore({ ...env, PHOTO_STORE: 'photos' }), /absolute folder/);
  assert.throws(() => createObjectStore({ ...env, PHOTO_STORE: 'https://s3.example' }), /bucket/);
  assert.throws(() => createObjectStore({ ...env, PHOTO_STORE: 'https://s3.example/food' }), /PHOTO_STORE_KEY_ID/);
});
