/** What is told of a tree under a load. */
import type { Measured } from '../measure.ts';

/** By what they are of: posts/s, p50 and p95 in ms, CPU of a post in ms, of all processes and of each, resident megabytes. */
export type Figures = Readonly<Record<string, number>>;

/** Those of which a post has less are in the sum alone. */
const TOLD = ['postgres', 'actor-host', 'api', 'relay', 'worker', 'redis', 'nats'];
const WEIGHED = ['api', 'actor-host'];

export function figuresOf({ perSecond, p50Ms, p95Ms, cpuPer1000, peakRssMegabytes }: Measured): Figures {
  const all = Object.values(cpuPer1000).reduce((sum, each) => sum + each, 0);
  const told = TOLD.map((name) => [name, cpuPer1000[name] ?? 0]);
  const weighed = WEIGHED.map((name) => [`${name} MB`, peakRssMegabytes[name] ?? 0]);
  return {
    'posts/s': perSecond,
    'p50 ms': p50Ms,
    'p95 ms': p95Ms,
    'CPU ms': all,
    ...(Object.fromEntries([...told, ...weighed]) as Figures),
  };
}

export function meansOf(rounds: readonly Figures[]): Figures {
  const names = [...new Set(rounds.flatMap((each) => Object.keys(each)))];
  const mean = (name: string): number => rounds.reduce((sum, each) => sum + (each[name] ?? 0), 0) / rounds.length;
  return Object.fromEntries(names.map((name) => [name, mean(name)]));
}

/** The second by the first. */
export function ratioOf(one: Figures, other: Figures): Figures {
  return Object.fromEntries(Object.keys(other).map((name) => [name, (other[name] ?? 0) / (one[name] ?? 0)]));
}

/** For `console.table`: large figures without their fractions. */
export function rounded(figures: Figures): Figures {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, Number(value.toFixed(value >= 20 ? 0 : 2))]),
  );
}
