/** How much one host can take, found by giving it more and more: calls carry more the more there is, so a calm host lets expect too little. */
import { setTimeout as pause } from 'node:timers/promises';
import { WINDOW_MS } from '../../services/actor-host/saturation.ts';
import type { Drive } from './drive.ts';

const FIRST_PER_SECOND = 40;
const STEP = 1.3;
const MOST_PER_SECOND = 1_000;
/** its saturation is of the last window; and the load takes a moment to be what it is */
const HOLD_MS = WINDOW_MS + 3_000;

/**
 * Afterwards nothing is asked of it, and its window is over.
 * @param ceiling as the drive's
 * @returns stories a second at which one host stands at the target. @throws where no load brings it there
 */
export async function climb(
  drive: Drive,
  ceiling: { perSecond: number },
  saturation: () => Promise<number>,
  target: number,
  signal: AbortSignal,
): Promise<number> {
  let below = { perSecond: 0, saturation: 0 };
  for (let perSecond = FIRST_PER_SECOND; perSecond < MOST_PER_SECOND; perSecond *= STEP) {
    ceiling.perSecond = perSecond;
    drive.city(perSecond);
    await pause(HOLD_MS, undefined, { signal });
    const seen = await saturation();
    if (seen > target) {
      drive.city(0);
      await pause(WINDOW_MS, undefined, { signal });
      const share = (target - below.saturation) / (seen - below.saturation);
      return below.perSecond + share * (perSecond - below.perSecond);
    }
    below = { perSecond, saturation: seen };
  }
  throw new Error(`The host does not come to ${String(target)} at ${String(Math.round(below.perSecond))} stories/s.`);
}
