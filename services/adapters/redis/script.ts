import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { RedisConnection } from './connection.ts';
import type { Keys } from './keys.ts';

export interface Script {
  readonly text: string;
  readonly sha: string;
}

export function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/** A script that begins with the marker's check. null: the marker does not vouch for this server, or nobody is connected to it. */
export async function runMarked(
  { client, runId }: RedisConnection,
  keys: Keys,
  marked: Script,
  args: readonly (string | number)[],
): Promise<unknown> {
  const id = runId();
  return id === null ? null : await run(client, marked, [keys.marker], [id, keys.root, ...args]);
}

/** One round trip; a second one only when this server has not seen the script yet. */
export async function run(
  redis: Redis,
  { sha, text }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await redis.evalsha(sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
    return await redis.eval(text, keys.length, ...keys, ...args);
  }
}
