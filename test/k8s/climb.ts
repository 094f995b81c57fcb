/** How much one host can take, found by giving it more and more: calls carry more the more there is, so a calm host lets expect too little. */
import { setTimeout as pause } from 'node:timers/promises';
import { WINDOW_MS } from '../../services/actor-host/saturation.ts';
import type { Drive } from './drive.ts';

const FIRST_PER_SECOND = 40;
const STEP = 1.3;
const MOST_PER_SECOND = 1_000;
/** A tenth above the target moves no autoscaler: what is too much must be so by far. */
const FAR_ABOVE = 1.25;
/** its saturation is of the last window; and the load takes a moment to be what it is */
const HOLD_MS = WINDOW_MS + 3_000;

/** Stories a second of one host. */
export interface Climbed {
  /** stands at the target with it */
  readonly atTarget: number;
  /** stands far above it */
  readonly tooMuch: number;
}

/**
 * Afterwards nothing is asked of it, and its window is over.
 * @param ceiling as the drive's
 * @throws where no load brings it there
 */
export async function climb(
  drive: Drive,
  ceiling: { perSecond: number },
  saturation: () => Promise<number>,
  target: number,
  signal: AbortSignal,
): Promise<Climbed> {
  let below = { perSecond: 0, saturation: 0 };
  let atTarget: number | null = null;
  for (let perSecond = FIRST_PER_SECOND; perSecond < MOST_PER_SECOND; perSecond *= STEP) {
    ceiling.perSecond = perSecond;
    drive.city(perSecond);
    await pause(HOLD_MS, undefined, { signal });
    const seen = await saturation();
    if (seen > target)
      atTarget ??=
        below.perSecond + ((target - below.saturation) / (seen - below.saturation)) * (perSecond - below.perSecond);
    if (atTarget !== null && seen > FAR_ABOVE * target) {
      drive.city(0);
      await pause(WINDOW_MS, undefined, { signal });
      return { atTarget, tooMuch: perSecond };
    }
    if (seen <= target) below = { perSecond, saturation: seen };
  }
  throw new Error(
    `No load brings the host far above ${String(target)}: at most ${String(below.saturation)} was seen below it.`,
  );
}
