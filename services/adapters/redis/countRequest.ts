import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

// One round trip, and no counter without an end. https://redis.io/docs/latest/commands/incr/#pattern-rate-limiter
const COUNT = `local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) return {n, tonumber(ARGV[1])} end
return {n, redis.call('PTTL', KEYS[1])}`;
const COUNT_SHA = createHash('sha1').update(COUNT).digest('hex');

/** Requests counted per key and window. @returns the count so far, and ms until the window ends. Rejects when Redis is away. */
export function createRequestCounter(
  redis: Redis,
  prefix = 'rate:',
): (key: string, windowMs: number) => Promise<readonly [number, number]> {
  return async (key, windowMs) => {
    try {
      return (await redis.evalsha(COUNT_SHA, 1, prefix + key, windowMs)) as [number, number];
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return (await redis.eval(COUNT, 1, prefix + key, windowMs)) as [number, number];
    }
  };
}
