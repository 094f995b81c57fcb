/** Where pictures are kept. */
export interface ObjectStore {
  /** The same key again replaces it, all at once. */
  put(key: string, bytes: Buffer, contentType: string): Promise<void>;
  /** null: there is none */
  get(key: string): Promise<Buffer | null>;
  /** There is none afterwards, whether there was one or not. */
  remove(key: string): Promise<void>;
}

/** Keys are ours, and still looked at: none leads out of the folder or the bucket. @throws Error */
export function checkKey(key: string): string {
  if (!/^[a-z0-9_-]+(\/[a-z0-9_-]+)*$/.test(key))
    throw new Error('an object key holds a-z, 0-9, _ and -, in parts by /');
  return key;
}
