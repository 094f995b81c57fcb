import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isEnd } from '#core/lots/lot.ts';
import { helsinki } from '../../data/seed/helsinki.ts';
import { eveningOf, type Evening } from './evening.ts';
import { gini, measure } from './measure.ts';
import { reachable } from './optimum.ts';
import { play } from './play.ts';
import { ours } from './policies.ts';
import { outcomeUnder, POLICIES, replay, type EveningResult } from './run.ts';
import { readReplaySettings } from './settings.ts';
import { loadSolver } from './solver.ts';
import { createTimeline } from './timeline.ts';
import { tableOf } from './table.ts';

const maximize = await loadSolver();

function played(env: NodeJS.ProcessEnv): EveningResult[] {
  return replay(readReplaySettings(env), maximize);
}

const QUIET = { SEED: 'test', SEEDS: '2', DONORS: '40', OFFLINE: '10' };
const quiet = played(QUIET);

function eveningFor(env: NodeJS.ProcessEnv): Evening {
  const { evenings, ackTimeoutMs, offlineShare } = readReplaySettings({ ...env, SEEDS: '1' });
  const [settings] = evenings;
  assert.ok(settings !== undefined);
  return eveningOf(helsinki(), 0, { settings, ackTimeoutMs, offlineShare });
}

test('nobody does better than hindsight, alone or with the food bank', () => {
  for (const { measures, seed } of quiet) {
    const best = measures['hindsight optimum'];
    for (const policy of POLICIES) {
      const { rescuedKg, bankKg } = measures[policy];
      // each split is rounded to the gram
      assert.ok(rescuedKg <= best.rescuedKg + 0.01, `${policy} rescued ${String(rescuedKg)} kg (seed ${seed})`);
      assert.ok(rescuedKg + bankKg <= best.rescuedKg + best.bankKg + 0.01, `${policy} with the bank (seed ${seed})`);
    }
  }
});

test('when everybody posts: within 5 % of the optimum, less unfair than greedy nearest, nobody beyond hindsight', () => {
  const evening = eveningFor({ SEED: 'full', DONORS: '450' });
  const among = reachable(evening);
  const [greedy, own, best] = (['greedy nearest', 'ours', 'hindsight optimum'] as const).map((policy) =>
    measure(evening, among, outcomeUnder(policy, evening, maximize, { solved: 0, moved: 0 })),
  );
  assert.ok(greedy !== undefined && own !== undefined && best !== undefined);
  assert.ok(own.rescuedKg >= 0.95 * best.rescuedKg);
  assert.ok(own.gini < greedy.gini);
  assert.ok(Math.max(own.rescuedKg, greedy.rescuedKg) <= best.rescuedKg + 0.01);
});

test('the same seed gives the same table, another seed another', () => {
  const one = { ...QUIET, SEEDS: '1', DONORS: '20' };
  assert.equal(tableOf(played(one)), tableOf(played(one)));
  assert.notEqual(tableOf(played({ ...one, SEED: 'other' })), tableOf(played(one)));
});

test('every lot comes to an end, and no gram is counted twice', () => {
  const evening = eveningFor({ ...QUIET, CANCEL: '20' });
  const lots = [...play(evening, ours).lots.values()];
  assert.deepEqual(
    lots.filter((lot) => !isEnd(lot.state)),
    [],
  );
  const posted = evening.posts.reduce((sum, post) => sum + post.quantityGrams, 0);
  assert.equal(
    lots.reduce((sum, lot) => sum + lot.quantityGrams, 0),
    posted,
  );
});

test('Gini: nothing between equals, towards 1 when one has all, half of what two of which one has all', () => {
  assert.equal(gini([3, 3, 3]), 0);
  assert.equal(gini([0, 0]), 0);
  assert.equal(gini([5, 0]), 0.5);
  assert.equal(gini([1, 2, 3, 4]), 0.25);
  assert.ok(gini([...Array.from({ length: 99 }, () => 0), 1]) > 0.98);
});

test('the solver finds a known optimum, whole or not', () => {
  const uses = [[0, 2]] as const;
  const columns = [
    { value: 3, upper: 1, whole: true, uses },
    { value: 2, upper: 1, whole: false, uses },
  ];
  assert.deepEqual([...maximize({ columns, limits: [3] })], [1, 0.5]);
  assert.deepEqual([...maximize({ columns: columns.map((each) => ({ ...each, whole: true })), limits: [3] })], [1, 0]);
});

test('time goes on in order, and what is asked for the past happens now', () => {
  const timeline = createTimeline();
  const said: string[] = [];
  timeline.at(20, () => said.push(`b ${String(timeline.nowMs())}`));
  timeline.at(10, () => {
    timeline.at(5, () => said.push(`late ${String(timeline.nowMs())}`));
    timeline.at(20, () => said.push('after b'));
  });
  timeline.run();
  assert.deepEqual(said, ['late 10', 'b 20', 'after b']);
});
