/** Where pictures are kept: a folder, or a bucket of anything that speaks S3. */
import { createFolderStore } from './folderStore.ts';
import { createS3Store } from './s3Store.ts';

export interface ObjectStore {
  /** The same key again replaces it, all at once. */
  put(key: string, bytes: Buffer, contentType: string): Promise<void>;
  /** null: there is none */
  get(key: string): Promise<Buffer | null>;
  /** There is none afterwards, whether there was one or not. */
  remove(key: string): Promise<void>;
}

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

/** Keys are ours, and still looked at: none leads out of the folder or the bucket. @throws Error */
export function checkKey(key: string): string {
  if (!/^[a-z0-9_-]+(\/[a-z0-9_-]+)*$/.test(key))
    throw new Error('an object key holds a-z, 0-9, _ and -, in parts by /');
  return key;
}
