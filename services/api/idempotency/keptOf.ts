import type { Kept } from '#adapters/postgres/sql/keepAnswer.ts';
import { Problem } from '../problems.ts';

/** The answer kept under a key. @throws Problem key-reuse or in-flight */
export function keptOf<Result>(kept: Kept<Result>): Result {
  if (kept.outcome === 'reused') throw new Problem('key-reuse', 'This key was used with another request.');
  if (kept.outcome === 'in-flight') {
    throw new Problem('in-flight', 'The first request with this key is still under way.', {
      headers: { 'retry-after': '1' },
    });
  }
  return kept.answer;
}
