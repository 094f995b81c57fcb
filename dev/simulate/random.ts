import { createHash } from 'node:crypto';

/** Numbers in [0, 1) that depend on the seed and on what they are for, never on the order in which things happen. */
export type Dice = (...about: readonly (string | number)[]) => number;

export function createDice(seed: string): Dice {
  return (...about) => {
    const digest = createHash('sha256')
      .update([seed, ...about].join('|'))
      .digest();
    return digest.readUIntBE(0, 6) / 2 ** 48;
  };
}

/** @returns a uuid-shaped key that the same seed makes again */
export function keyOf(seed: string, ...about: readonly (string | number)[]): string {
  return createHash('sha256')
    .update([seed, ...about].join('|'))
    .digest('hex')
    .slice(0, 32);
}

export function pick<T>(from: readonly [T, ...T[]], roll: number): T {
  return from[Math.floor(roll * from.length)] ?? from[0];
}

/** Picks a name by its weight; weights need not add up to anything. */
export function pickWeighted<Name extends string>(weights: Readonly<Record<Name, number>>, roll: number): Name {
  const entries = Object.entries(weights) as [Name, number][];
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
  let left = roll * total;
  for (const [name, weight] of entries) {
    left -= weight;
    if (left < 0) return name;
  }
  throw new Error('no weights');
}
