import type pg from 'pg';
import type { RedisConnection } from './connection.ts';
import type { Keys } from './keys.ts';
import { mended } from './metrics.ts';
import { runMarked, type Script } from './script.ts';

const AT_ONCE = 200;

export interface SweepDependencies {
  readonly pool: pg.Pool;
  readonly redis: RedisConnection;
  readonly keys: Keys;
  readonly regionLevel?: number;
}

/** Drops the marker, if this script finds a reason to: all is counted anew then. @returns whether it did */
export async function distrust(deps: Pick<SweepDependencies, 'redis' | 'keys'>, script: Script): Promise<boolean> {
  const isDropped = (await runMarked(deps.redis, deps.keys, script, [])) === 1;
  if (isDropped) mended.inc({ what: 'index-distrusted' });
  return isDropped;
}

/**
 * Corrects what Redis has, and counts it: the answers of scripts that count; nothing where the index is not ready.
 * @param what is counted as mended
 */
export async function mend(
  deps: SweepDependencies,
  what: string,
  script: Script,
  changes: readonly (readonly (string | number)[])[],
): Promise<void> {
  let changed = 0;
  for (let from = 0; from < changes.length; from += AT_ONCE)
    changed += Number(
      (await runMarked(deps.redis, deps.keys, script, changes.slice(from, from + AT_ONCE).flat())) ?? 0,
    );
  if (changed > 0) mended.inc({ what }, changed);
}
