/** What the record must obey, whatever the load was. */
import type { Sample } from './record.ts';

export interface Fall {
  readonly periodSeconds: number;
  readonly percent: number;
}

/** Moments at which more hosts were taken away than the policy allows within a period; the sampling's second is granted. */
export function tooFast(samples: readonly Sample[], { periodSeconds, percent }: Fall): readonly Sample[] {
  return samples.filter((sample) => {
    const within = samples.filter(
      ({ atSeconds }) => atSeconds <= sample.atSeconds && atSeconds > sample.atSeconds - (periodSeconds - 1),
    );
    const most = Math.max(...within.map(({ replicas }) => replicas));
    return sample.replicas < Math.trunc(most * (1 - percent / 100));
  });
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
