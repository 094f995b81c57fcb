import type { Redis } from 'ioredis';
import { askTogether } from '../batching/askTogether.ts';
import { run, script } from './script.ts';

// One round trip, and no counter without an end. https://redis.io/docs/latest/commands/incr/#pattern-rate-limiter
const COUNT = script(`local counted = {}
for i, key in ipairs(KEYS) do
  local n = redis.call('INCR', key)
  local left = n == 1 and -1 or redis.call('PTTL', key)
  -- longer than a window: the server's clock was set back, and nobody would be let in for as long
  if left < 0 or left > tonumber(ARGV[1]) then
    n = 1
    left = tonumber(ARGV[1])
    redis.call('SET', key, 1, 'PX', ARGV[1])
  end
  counted[2 * i - 1] = n
  counted[2 * i] = left
end
return counted`);

/** Of one script call, about a millisecond of the server's. With a silent Redis so many are let through each quarter of a second. */
const MAX_KEYS = 1_000;

/** A request may be this much later for it, where many come. */
const PACE_MS = 8;

type Counted = readonly [count: number, leftMs: number];

/**
 * Requests counted per key and window; those that come while a count is away are counted together in the next.
 * @returns the count so far, and ms until the window ends. Rejects when Redis is away.
 */
export function createRequestCounter(
  redis: Redis,
  prefix = 'rate:',
): (key: string, windowMs: number) => Promise<Counted> {
  const countTogether = askTogether<number, string, Counted>({
    maxInFlight: 1,
    maxBatch: MAX_KEYS,
    paceMs: PACE_MS,
    run: async (windowMs, keys) => {
      const flat = (await run(redis, COUNT, keys, [windowMs])) as number[];
      return keys.map((_, n) => [flat[2 * n] ?? 0, flat[2 * n + 1] ?? 0]);
    },
  });
  return (key, windowMs) => countTogether(windowMs, prefix + key);
}
