import type { Redis } from 'ioredis';
import { placeKey } from '#core/geo/distance.ts';
import type { Recipient } from '#core/matching/candidate.ts';
import type { Keys } from './keys.ts';
import type { Counters } from './near.ts';
import { factsIn } from './readable.ts';

export interface FactCache {
  /** What is known of each recipient, by the version its counters name; asks Redis only for what changed. */
  of(generation: string, counters: ReadonlyMap<string, Counters>): Promise<ReadonlyMap<string, Recipient>>;
}

interface Known {
  readonly version: string;
  readonly recipient: Recipient;
}

/** More than any one host serves; past it the cache starts anew. */
const MAX_KNOWN = 50_000;

export function createFactCache(redis: Redis, keys: Keys): FactCache {
  const known = new Map<string, Known>();
  return {
    of: async (generation, counters) => {
      if (known.size > MAX_KNOWN) known.clear();
      const missing: string[] = [];
      for (const [id, fields] of counters) {
        const version = fields.get('v');
        if (version !== undefined && known.get(id)?.version !== version) missing.push(id);
      }
      if (missing.length > 0) await learn(redis, keys, generation, missing, counters, known);
      return new Map([...counters.keys()].flatMap((id) => entryOf(known, id)));
    },
  };
}

function entryOf(known: ReadonlyMap<string, Known>, id: string): [string, Recipient][] {
  const fact = known.get(id);
  return fact === undefined ? [] : [[id, fact.recipient]];
}

async function learn(
  redis: Redis,
  keys: Keys,
  generation: string,
  ids: readonly string[],
  counters: ReadonlyMap<string, Counters>,
  known: Map<string, Known>,
): Promise<void> {
  const names = ids.map((id) => keys.of(generation).facts(id));
  const texts = await redis.mget(names);
  const recipients = texts.map((text) => (text === null ? null : factsIn(text)));
  ids.forEach((id, i) => {
    const recipient = recipients[i] ?? null;
    const version = counters.get(id)?.get('v') ?? '';
    if (recipient !== null) known.set(id, { version, recipient: { ...recipient, key: placeKey(recipient) } });
  });
  const spoilt = names.filter((_, i) => typeof texts[i] === 'string' && recipients[i] === null);
  // What is gone the sweep finds.
  if (spoilt.length > 0) await redis.unlink(...spoilt);
  // Gone since: a rebuild switched generations, or Redis was flushed. The next question finds out.
  if (recipients.includes(null)) throw new Error('facts went away between two questions');
}
