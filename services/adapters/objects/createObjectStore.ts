/** A folder, or a bucket of anything that speaks S3, by the environment. */
import { createFolderStore } from './folderStore.ts';
import type { ObjectStore } from './objectStore.ts';
import { createS3Store } from './s3Store.ts';

/** As it stands in the environment. */
export interface ObjectStoreEnv {
  /** an absolute folder, or `https://<host>/<bucket>`; empty: nothing is kept */
  readonly PHOTO_STORE: string;
  readonly PHOTO_STORE_REGION: string;
  readonly PHOTO_STORE_KEY_ID: string;
  readonly PHOTO_STORE_SECRET: string;
}

/** @returns null: none is set up. @throws Error saying what is missing */
export function createObjectStore(env: ObjectStoreEnv): ObjectStore | null {
  const { PHOTO_STORE: place, PHOTO_STORE_KEY_ID: keyId, PHOTO_STORE_SECRET: secret } = env;
  if (place === '') return null;
  if (place.startsWith('/')) return createFolderStore(place);
  if (!/^https?:\/\/[^/]+\/[^/]+\/?$/.test(place)) {
    throw new Error('PHOTO_STORE must be an absolute folder, or https://<host>/<bucket> of an S3 store');
  }
  if (keyId === '' || secret === '') throw new Error('PHOTO_STORE_KEY_ID and PHOTO_STORE_SECRET are needed for S3');
  return createS3Store({ bucketUrl: place.replace(/\/$/, ''), region: env.PHOTO_STORE_REGION, keyId, secret });
}
