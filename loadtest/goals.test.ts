import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Results } from './benchResults.ts';
import { goalsOf } from './goals.ts';
import { brokenPromises } from './report.ts';

const file = join(import.meta.dirname, 'results/2026-11-30T0400.json');
/** JSON has no NaN. */
const notAsked = (key: string, value: unknown): unknown =>
  key === 'offeredShare' && value === null ? Number.NaN : value;
const run = JSON.parse(readFileSync(file, 'utf8'), notAsked) as Results;
const missed = (results: Results): string[] => goalsOf(results).flatMap(({ what, isMet }) => (isMet ? [] : [what]));

test('a run says which goals it missed', () => {
  assert.deepEqual(missed(run), [
    '5,000/s for 60 s: answered in time, /s',
    '… p95, ms',
    'P1 ÷ pgbench of the same rows',
    'P4 one hot cell, posts/s',
    'P2 500/s, p95 ms',
  ]);
  assert.deepEqual(brokenPromises(run), []);
});

test('what was not measured, or answered nobody, is not met', () => {
  const { length } = goalsOf({ ...run, measured: [], relay: null, matching: [] });
  assert.equal(missed({ ...run, measured: [], relay: null, matching: [] }).length, length);
  const refused = run.measured.map((each) =>
    each.name === 'P3 herd' ? { ...each, statuses: { 503: each.sent }, offeredShare: Number.NaN } : each,
  );
  assert.ok(missed({ ...run, measured: refused }).includes('P3 herd, answered (not told to come back), %'));
  assert.deepEqual(brokenPromises({ ...run, measured: refused }), ['P3 herd: no post was answered well']);
});
