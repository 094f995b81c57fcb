import { useEffect, useMemo } from 'preact/hooks';
import { onNews } from './live.ts';
import { createSeen } from './seen.ts';
import type { Seen } from './seenBy.ts';

/**
 * What a screen was last told, asked for when it opens and again with each news.
 * @param what its name in the store; another name is another thing. @param load as of `createSeen`
 */
export function useSeen<Value>(what: string, load: () => Promise<Value>): Seen<Value> {
  const seen = useMemo(() => createSeen(what, load), [what]);
  useEffect(() => {
    void seen.refresh();
    return onNews(() => void seen.refresh());
  }, [seen]);
  return seen;
}
