import { createHash } from 'node:crypto';

/** Numbers that look random and are always the same for the same words. */
export interface Chance {
  /** 0 ≤ x < 1 */
  fraction(): number;
  /** from ≤ n ≤ to */
  integer(from: number, to: number): number;
  pick<Value>(values: readonly [Value, ...Value[]]): Value;
  /** by the normal distribution, around 0 with deviation 1 */
  normal(): number;
}

/** @param words what the numbers belong to: a field of an organisation, or a whole city's seed */
export function chanceOf(...words: readonly string[]): Chance {
  const fraction = mulberry32(createHash('sha256').update(words.join('/')).digest().readUInt32LE(0));
  const integer = (from: number, to: number): number => from + Math.floor(fraction() * (to - from + 1));
  return {
    fraction,
    integer,
    pick: (values) => values[integer(0, values.length - 1)] ?? values[0],
    // Irwin–Hall: additions only, so that the last bit is the same on every machine
    normal: () => Array.from({ length: 12 }, fraction).reduce((sum, x) => sum + x, -6),
  };
}

/** mulberry32, Tommy Ettinger, 2017 (public domain). */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
