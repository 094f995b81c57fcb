/** Issue 4's goals, and what a run says of them; on a box that others use too, a figure missed says little: see their share of it. */
import type { Matched } from './matchQuality.ts';
import type { Measured } from './measure.ts';
import type { Results } from './benchResults.ts';

export interface Goal {
  readonly what: string;
  readonly wanted: string;
  readonly measured: string;
  readonly isMet: boolean;
}

export function goalsOf(results: Results): Goal[] {
  return [...underTheNation(results), ...ofOneBox(results), ...ofMatching(results.matching)];
}

/** 5,000 posts/s for a minute; a quick run has none, and says of memory what its hardest load took. */
function underTheNation({ measured }: Results): Goal[] {
  const goal = scenario(measured, 'goal: 5,000/s');
  const loads = goal === undefined ? measured.filter(({ name }) => /^P\d/.test(name)) : [goal];
  const peak = (name: string): number =>
    Math.max(...loads.map(({ peakRssMegabytes }) => peakRssMegabytes[name] ?? Number.NaN));
  const where = goal === undefined ? 'at most' : 'at 5,000/s';
  const memory = ['api', 'actor-host'].map((name) => below(`${name}, MB ${where}`, 300, peak(name)));
  if (goal === undefined) return memory;
  return [
    atLeast('5,000/s for 60 s: answered in time, /s', 5_000, goal.perSecond),
    below('… p95, ms', 500, goal.p95Ms),
    below('… relay caught up, s', 30, goal.caughtUpSeconds ?? Number.POSITIVE_INFINITY),
    ...memory,
  ];
}

function ofOneBox({ measured, pgbench, relay }: Results): Goal[] {
  const [saturation, hot, herd, steady] = ['P1 saturation', 'P4 one cell', 'P3 herd', 'P2 steady'].map((name) =>
    scenario(measured, name),
  );
  const posts = measured.filter(({ name }) => /^(P\d|goal)/.test(name));
  const herdAnswered = ((herd?.statuses['201'] ?? Number.NaN) / (herd?.sent ?? Number.NaN)) * 100;
  return [
    atLeast('P1 ÷ pgbench of the same rows', 0.5, (saturation?.perSecond ?? Number.NaN) / pgbench.perSecond, 2),
    atLeast('P4 one hot cell, posts/s', 3_000, hot?.perSecond),
    atLeast('P3 herd, answered (not told to come back), %', 100, herdAnswered, 1),
    below('… p99 ms of those', 915, herd?.p99Ms),
    below('… acknowledged and not there', 1, Math.max(0, -(herd?.rowsLessAnswers ?? Number.NaN))),
    below('P2 500/s, p95 ms', 50, steady?.p95Ms),
    below('… dropped or answered late', 1, (steady?.dropped ?? Number.NaN) + (steady?.timedOut ?? Number.NaN)),
    atLeast('P6 relay, events/s', 5_000, relay?.perSecond),
    atLeast('posts with an offer, %', 90, Math.min(...posts.map(({ offeredShare }) => offeredShare * 100)), 1),
  ];
}

function ofMatching(matching: readonly Matched[]): Goal[] {
  const [greedy, own] = (['greedy nearest', 'ours'] as const).map((policy) =>
    matching.find((each) => each.policy === policy),
  );
  const [greedyGini = Number.NaN, ownGini = Number.NaN] = [greedy?.gini, own?.gini];
  return [
    atLeast("P5 kg, % of the optimum's", 95, (own?.ofOptimum ?? Number.NaN) * 100, 1),
    {
      what: "P5 Gini, below greedy's",
      wanted: `< ${greedyGini.toFixed(3)}`,
      measured: ownGini.toFixed(3),
      isMet: ownGini < greedyGini,
    },
  ];
}

function scenario(measured: readonly Measured[], name: string): Measured | undefined {
  return measured.find((each) => each.name === name);
}

/** What was not measured is not met: no number, and the most or least of nothing is infinite. */
function atLeast(what: string, least: number, got = Number.NaN, digits = 0): Goal {
  return {
    what,
    wanted: `≥ ${String(least)}`,
    measured: got.toFixed(digits),
    isMet: Number.isFinite(got) && got >= least,
  };
}

function below(what: string, most: number, got = Number.NaN): Goal {
  return { what, wanted: `< ${String(most)}`, measured: got.toFixed(0), isMet: Number.isFinite(got) && got < most };
}
