/** P5: how well evenings of Helsinki are matched, beside greedy and the best that hindsight could have done; no server takes part. */
import { replay, type PolicyName } from '../dev/replay/run.ts';
import { readReplaySettings } from '../dev/replay/settings.ts';
import { loadSolver } from '../dev/replay/solver.ts';

/** Means over the evenings. */
export interface Matched {
  readonly policy: PolicyName;
  readonly rescuedKg: number;
  readonly ofOptimum: number;
  readonly kmPerKg: number;
  readonly claimMinutesP50: number;
  readonly expiredKg: number;
  readonly gini: number;
}

const SHOWN: readonly PolicyName[] = ['greedy nearest', 'ours', 'hindsight optimum'];

export async function matchQuality(evenings: number, seed: string): Promise<Matched[]> {
  const results = replay(readReplaySettings({ SEED: seed, SEEDS: String(evenings) }), await loadSolver());
  return SHOWN.map((policy) => {
    const mean = (value: (measures: (typeof results)[number]['measures']) => number): number =>
      results.reduce((sum, { measures }) => sum + value(measures), 0) / results.length;
    return {
      policy,
      rescuedKg: mean((of) => of[policy].rescuedKg),
      ofOptimum: mean((of) => of[policy].rescuedKg / of['hindsight optimum'].rescuedKg),
      kmPerKg: mean((of) => of[policy].kmPerKg),
      claimMinutesP50: mean((of) => of[policy].claimMinutesP50 ?? Number.NaN),
      expiredKg: mean((of) => of[policy].expiredKg),
      gini: mean((of) => of[policy].gini),
    };
  });
}
