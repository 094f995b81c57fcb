import { newUuid } from '#adapters/ids/uuid.ts';
import type { Post } from '#core/lots/command.ts';
import { lotIdOf, type CellToken, type DonorId } from '#core/words/ids.ts';

const HOURS_SAFE = 3;

/** A post of five kilograms of bread in a cell of Helsinki, but for who asks and under which key. */
export function breadIn(cell: CellToken): Omit<Post, 'id' | 'fingerprint'> {
  return {
    kind: 'post',
    lotId: lotIdOf(cell, newUuid(Date.now())),
    donorId: 'd' as DonorId,
    lat: 60.17,
    lon: 24.94,
    category: 'bakery',
    storage: 'ambient',
    quantityGrams: 5_000,
    servings: null,
    readyFromMs: null,
    safeUntilMs: Date.now() + HOURS_SAFE * 3_600_000,
    note: null,
  };
}
