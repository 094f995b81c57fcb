import { v7 } from 'uuid';
import { randomBytesOf } from './random.ts';

const BYTES_OF_ONE = 16;

/** uuid v7 (RFC 9562) whose time is `atMs` (unix ms). */
export function newUuid(atMs: number): string {
  return v7({ msecs: Math.floor(atMs), rng: () => randomBytesOf(BYTES_OF_ONE) });
}
