import { pickWeighted, type Dice } from './random.ts';
import type { Settings } from './settings.ts';

/** What a recipient does with an offer, from the moment it sees it. */
export interface Behaviour {
  readonly does: 'accept' | 'part' | 'decline' | 'silent';
  /** of the evening, from seeing the offer to answering it */
  readonly thinksMinutes: number;
  /** of the offered grams that are accepted: 1, or a part */
  readonly acceptedShare: number;
  /** gives the claim back instead of collecting it */
  readonly releases: boolean;
  /** of the claimed grams that are handed over: 1, or less */
  readonly handedShare: number;
}

type Habits = Pick<Settings, 'odds' | 'releaseOdds' | 'lessOdds'>;

/** @param about whose behaviour to what: the same words, the same behaviour */
export function behaviourTo(habits: Habits, dice: Dice, ...about: readonly string[]): Behaviour {
  const does = pickWeighted({ ...habits.odds }, dice('does', ...about));
  const less = dice('less', ...about) < habits.lessOdds;
  return {
    does,
    thinksMinutes: 0.5 + dice('thinks', ...about) * 4,
    acceptedShare: does === 'part' ? partOf(dice('part', ...about)) : 1,
    releases: dice('releases', ...about) < habits.releaseOdds,
    handedShare: less ? partOf(dice('how much', ...about)) : 1,
  };
}

/** Between a fifth and four fifths. */
function partOf(roll: number): number {
  return 0.2 + roll * 0.6;
}

/** At least a gram. */
export function portionOf(grams: number, share: number): number {
  return share === 1 ? grams : Math.max(1, Math.round(grams * share));
}
