import { CITIES } from '../../data/seed/cities.ts';
import { eveningOf, type Evening } from './evening.ts';
import { giveUpUnseen } from './giveUp.ts';
import { improveUnanswered, type Improved } from './improve.ts';
import { measure, type Measures } from './measure.ts';
import { hindsightOptimum, reachable } from './optimum.ts';
import { outcomeOf, type Outcome } from './outcome.ts';
import { play } from './play.ts';
import { greedyNearest, leastServed, ours } from './policies.ts';
import type { ReplaySettings } from './settings.ts';
import type { Maximize } from './solver.ts';

export const POLICIES = [
  'greedy nearest',
  'least served',
  'ours',
  'ours, improving',
  'ours, giving up',
  'hindsight optimum',
] as const;
export type PolicyName = (typeof POLICIES)[number];

export interface EveningResult {
  readonly seed: string;
  readonly posts: number;
  readonly postedKg: number;
  readonly reachable: number;
  readonly measures: Readonly<Record<PolicyName, Measures>>;
  readonly improved: Improved;
}

/** No phone shows it by then: it is off. */
const GIVE_UP_MS = 30_000;

/** Every policy on every evening. @throws Error when there is no such city */
export function replay(settings: ReplaySettings, maximize: Maximize): EveningResult[] {
  const cityName = settings.evenings[0]?.city ?? 'helsinki';
  const city = CITIES[cityName]?.();
  if (city === undefined) throw new Error(`There is no city "${cityName}": ${Object.keys(CITIES).join(', ')}.`);
  const { ackTimeoutMs, offlineShare } = settings;
  return settings.evenings.map((each, day) => {
    const evening = eveningOf(city, day, { settings: each, ackTimeoutMs, offlineShare });
    return { seed: each.seed, ...resultOf(evening, maximize) };
  });
}

function resultOf(evening: Evening, maximize: Maximize): Omit<EveningResult, 'seed'> {
  const among = reachable(evening);
  const improved: Improved = { solved: 0, moved: 0 };
  const measures = POLICIES.map((policy) => {
    return [policy, measure(evening, among, outcomeUnder(policy, evening, maximize, improved))] as const;
  });
  return {
    posts: evening.posts.length,
    postedKg: evening.posts.reduce((sum, post) => sum + post.quantityGrams, 0) / 1000,
    reachable: among.size,
    measures: Object.fromEntries(measures) as Record<PolicyName, Measures>,
    improved,
  };
}

export function outcomeUnder(policy: PolicyName, evening: Evening, maximize: Maximize, improved: Improved): Outcome {
  switch (policy) {
    case 'greedy nearest':
      return outcomeOf(play(evening, greedyNearest));
    case 'least served':
      return outcomeOf(play(evening, leastServed));
    case 'ours':
      return outcomeOf(play(evening, ours));
    case 'ours, improving':
      return outcomeOf(play(evening, ours, improveUnanswered(maximize, improved)));
    case 'ours, giving up':
      return outcomeOf(play(evening, ours, giveUpUnseen(GIVE_UP_MS)));
    case 'hindsight optimum':
      return hindsightOptimum(evening, maximize);
  }
}
