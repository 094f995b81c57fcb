import { randomFillSync } from 'node:crypto';

/** Randomness is drawn for hundreds of ids at once: a call for each costs more than the rest of the id (measured). */
const drawn = new Uint8Array(4_096);
let used = drawn.length;

/** Bytes that nobody has had before. @param count at most 4,096 */
export function randomBytesOf(count: number): Uint8Array {
  if (used + count > drawn.length) {
    randomFillSync(drawn);
    used = 0;
  }
  used += count;
  return drawn.slice(used - count, used);
}
