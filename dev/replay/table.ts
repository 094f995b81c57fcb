import type { Measures } from './measure.ts';
import { POLICIES, type EveningResult, type PolicyName } from './run.ts';

type Column = readonly [title: string, cell: (policy: PolicyName, results: readonly EveningResult[]) => string];

const COLUMNS: readonly Column[] = [
  ['policy', (policy) => policy],
  ['kg', (policy, results) => spread(results, policy, 'rescuedKg', 0)],
  ['of optimum', (policy, results) => percent(mean(results.map((each) => ofOptimum(each, policy))))],
  ['bank kg', (policy, results) => average(results, policy, 'bankKg', 1)],
  ['expired', (policy, results) => average(results, policy, 'expiredKg', 1)],
  ['cancelled', (policy, results) => average(results, policy, 'cancelledKg', 1)],
  ['km/kg', (policy, results) => average(results, policy, 'kmPerKg', 3)],
  ['min/trip', (policy, results) => average(results, policy, 'minutesPerTrip', 1)],
  ['claim p50', (policy, results) => average(results, policy, 'claimMinutesP50', 1)],
  ['p95 min', (policy, results) => average(results, policy, 'claimMinutesP95', 1)],
  ['Gini', (policy, results) => spread(results, policy, 'gini', 3)],
  ['served', (policy, results) => average(results, policy, 'served', 0)],
];

/** One row a policy, means over the evenings; ± is the standard deviation between evenings. */
export function tableOf(results: readonly EveningResult[]): string {
  const rows = POLICIES.map((policy) => COLUMNS.map(([, cell]) => cell(policy, results)));
  const all = [COLUMNS.map(([title]) => title), ...rows];
  const widths = COLUMNS.map((_, n) => Math.max(...all.map((row) => row[n]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((text, n) => (n === 0 ? text.padEnd(widths[n] ?? 0) : text.padStart(widths[n] ?? 0))).join('  ');
  return all.map(line).join('\n');
}

/** Whether ours is what it shall be. */
export function verdictOf(results: readonly EveningResult[]): string {
  const share = mean(results.map((each) => ofOptimum(each, 'ours')));
  const gini = (policy: PolicyName): number => mean(results.map((each) => each.measures[policy].gini));
  const solved = results.reduce((sum, each) => sum + each.improved.solved, 0);
  const moved = results.reduce((sum, each) => sum + each.improved.moved, 0);
  return [
    `${share >= 0.95 ? 'Within' : 'NOT within'} 5 % of the optimum's kg: ${percent(share)}.`,
    `${gini('ours') < gini('greedy nearest') ? 'Less' : 'NOT less'} unfair than greedy: Gini ${gini('ours').toFixed(3)}, greedy ${gini('greedy nearest').toFixed(3)}.`,
    `Improving solved ${String(solved)} assignments of two or more unseen offers, and moved ${String(moved)} offers.`,
    ...(['ours, improving', 'ours, giving up'] as const).map((policy) => `${policy}: ${gainOf(results, policy)}`),
  ].join('\n');
}

/** Against ours on the same evenings; ± is the standard error of the mean difference. */
function gainOf(results: readonly EveningResult[], policy: PolicyName): string {
  const by = (measure: (of: Measures) => number): string => {
    const gains = results.map((each) => measure(each.measures[policy]) - measure(each.measures.ours));
    return `${signed(mean(gains))} ±${(deviationOf(gains) / Math.sqrt(gains.length)).toFixed(3)}`;
  };
  const kg = by((of) => of.rescuedShare * 100);
  return `${kg} % of posted kg, Gini ${by((of) => of.gini)}, claim p50 ${by((of) => of.claimMinutesP50 ?? 0)} min, p95 ${by((of) => of.claimMinutesP95 ?? 0)} min.`;
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
}

function ofOptimum({ measures }: EveningResult, policy: PolicyName): number {
  return measures[policy].rescuedKg / measures['hindsight optimum'].rescuedKg;
}

function valuesOf(results: readonly EveningResult[], policy: PolicyName, measure: keyof Measures): number[] {
  return results.flatMap((each) => each.measures[policy][measure] ?? []);
}

function average(
  results: readonly EveningResult[],
  policy: PolicyName,
  measure: keyof Measures,
  digits: number,
): string {
  const text = mean(valuesOf(results, policy, measure)).toFixed(digits);
  return Number(text) === 0 ? '0' : text;
}

function spread(
  results: readonly EveningResult[],
  policy: PolicyName,
  measure: keyof Measures,
  digits: number,
): string {
  const values = valuesOf(results, policy, measure);
  return `${mean(values).toFixed(digits)} ±${deviationOf(values).toFixed(digits)}`;
}

/** Standard deviation of a sample; of one value: 0. */
function deviationOf(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, values.length - 1));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
