import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const BYTES_OF_ONE = 16;
/** Randomness is drawn for 256 ids at once: a call for each costs more than the rest of the id (measured). */
const drawn = new Uint8Array(256 * BYTES_OF_ONE);
let used = drawn.length;

function nextRandom(): Uint8Array {
  if (used === drawn.length) {
    randomFillSync(drawn);
    used = 0;
  }
  used += BYTES_OF_ONE;
  return drawn.slice(used - BYTES_OF_ONE, used);
}

/** uuid v7 (RFC 9562) whose time is `atMs` (unix ms). */
export function newUuid(atMs: number): string {
  return v7({ msecs: Math.floor(atMs), rng: nextRandom });
}
