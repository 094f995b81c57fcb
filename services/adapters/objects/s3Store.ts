import { AwsClient } from 'aws4fetch';
import { checkKey, type ObjectStore } from './objectStore.ts';

export interface S3Options {
  /** path style, without a slash at its end */
  readonly bucketUrl: string;
  readonly region: string;
  readonly keyId: string;
  readonly secret: string;
}

const TIMEOUT_MS = 10_000;

/** Three verbs of S3's API, signed (Signature Version 4) by aws4fetch: the whole SDK is a hundred times its size. */
export function createS3Store({ bucketUrl, region, keyId, secret }: S3Options): ObjectStore {
  // Who asked asks again; a second pace of retries beneath would only hold them up.
  const aws = new AwsClient({ accessKeyId: keyId, secretAccessKey: secret, service: 's3', region, retries: 0 });

  async function ask(method: string, key: string, given: RequestInit = {}): Promise<Response> {
    const url = `${bucketUrl}/${checkKey(key)}`;
    return await aws.fetch(url, { method, signal: AbortSignal.timeout(TIMEOUT_MS), ...given });
  }
  /** @returns false: there is none. @throws Error with the status and S3's code, never with what was sent */
  async function isThere(response: Response): Promise<boolean> {
    if (response.ok) return true;
    const code = /<Code>(\w+)/.exec(await response.text())?.[1] ?? '';
    // A bucket that isn't there is a mistake of ours, not a picture that is gone.
    if (response.status === 404 && code !== 'NoSuchBucket') return false;
    throw new Error(`S3 answered ${String(response.status)} ${code}`);
  }

  return {
    async put(key, bytes, contentType) {
      const headers = { 'content-type': contentType };
      const response = await ask('PUT', key, { body: new Uint8Array(bytes), headers });
      if (!(await isThere(response))) throw new Error('S3 has no place for it');
      await response.body?.cancel();
    },
    async get(key) {
      const response = await ask('GET', key);
      if (!(await isThere(response))) return null;
      return Buffer.from(await response.arrayBuffer());
    },
    async remove(key) {
      const response = await ask('DELETE', key);
      if (await isThere(response)) await response.body?.cancel();
    },
  };
}
