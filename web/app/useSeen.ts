import { useEffect, useMemo } from 'preact/hooks';
import { onNews } from './live.ts';
import { createSeen } from './seen.ts';
import type { Seen } from './seenBy.ts';

/** The stream tells of news only: what it does not tell of is that a question got no answer. */
const AGAIN_MS = 15_000;

/**
 * What a screen was last told, asked for when it opens and again with each news, or after a while without an answer.
 * @param what its name in the store; another name is another thing. @param load as of `createSeen`
 */
export function useSeen<Value>(what: string, load: () => Promise<Value>): Seen<Value> {
  const seen = useMemo(() => createSeen(what, load), [what]);
  useEffect(() => {
    void seen.refresh();
    return onNews(() => void seen.refresh());
  }, [seen]);
  const isUnanswered = seen.failed.value && !seen.gone.value;
  useEffect(() => {
    if (!isUnanswered) return;
    const asking = setInterval(() => void seen.refresh(), AGAIN_MS);
    return () => clearInterval(asking);
  }, [seen, isUnanswered]);
  return seen;
}
