import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HOUR_MS, START_MS, recipientNamed } from '../lots/evening.testkit.ts';
import { shareOf, type Candidate } from './candidate.ts';
import { feasibility, type Need } from './feasible.ts';
import { rank } from './rank.ts';

const BREAD: Need = {
  category: 'bakery',
  storage: 'ambient',
  quantityGrams: 10_000,
  readyFromMs: START_MS,
  safeUntilMs: START_MS + 6 * HOUR_MS,
  tried: [],
};
/** START_MS is a Saturday, 20:00 in Helsinki. */
const SATURDAY = 5 * 1440;

function candidate(name: string, change: Partial<Candidate> = {}): Candidate {
  const counters = { openGrams: 0, collectedTodayGrams: 0, collectedWeekGrams: 0 };
  const travel = { distanceMeters: 1_000, travelSeconds: 300, travelSource: 'estimate' } as const;
  return { ...recipientNamed(name), ...travel, ...counters, ...change };
}

function chosen(...candidates: Candidate[]): string | undefined {
  return rank(BREAD, candidates, START_MS).choice?.candidate.name;
}

describe('who gets the next offer', () => {
  it('all else equal, the nearer', () => {
    assert.equal(chosen(candidate('far', { travelSeconds: 900 }), candidate('near')), 'near');
  });

  it('all else equal, who asked for it', () => {
    assert.equal(chosen(candidate('any'), candidate('asked', { needs: { bakery: 1 } })), 'asked');
  });

  it('all else equal, who closes first: its room is lost otherwise', () => {
    const soon = candidate('soon', { hours: [[0, SATURDAY + 22 * 60]] });
    assert.equal(chosen(candidate('always'), soon), 'soon');
  });

  it('of those about as good, the one served least for its need, however many are better served', () => {
    const served = ['a', 'b', 'c', 'd'].map((name) => candidate(name, { collectedWeekGrams: 20_000 }));
    assert.equal(chosen(...served, candidate('hungry', { travelSeconds: 700 })), 'hungry');
  });

  it('fairness sends nobody far for what the best would take at once', () => {
    const near = candidate('near', { collectedWeekGrams: 20_000 });
    assert.equal(chosen(near, candidate('hungry', { travelSeconds: 1_500 })), 'near');
  });
});

const somebody = fc
  .record({
    travelSeconds: fc.integer({ min: 0, max: 5_000 }),
    openGrams: fc.integer({ min: 0, max: 60_000 }),
    collectedWeekGrams: fc.integer({ min: 0, max: 200_000 }),
    needs: fc.record({ bakery: fc.integer({ min: 0, max: 10 }).map((tenths) => tenths / 10) }),
    closesAtHour: fc.integer({ min: 19, max: 24 }),
  })
  .map(({ closesAtHour, ...known }) => ({ ...known, hours: [[0, SATURDAY + closesAtHour * 60]] as const }));
const crowd = fc
  .array(somebody, { maxLength: 12 })
  .map((people) => people.map((known, index) => candidate(`r${String(index)}`, known)));

it('somebody feasible is chosen whenever there is one, whatever the order, and the reasons are true', () => {
  fc.assert(
    fc.property(crowd, (candidates) => {
      const feasible = candidates.filter((each) => feasibility(BREAD, each, START_MS).feasible);
      const { choice } = rank(BREAD, candidates, START_MS);
      assert.equal(choice === null, feasible.length === 0);
      assert.deepEqual(rank(BREAD, [...candidates].reverse(), START_MS).choice, choice);
      if (choice === null) return;
      assert.ok(feasible.includes(choice.candidate));
      const share = choice.reasons.find((reason) => reason.code === 'share');
      const worseOff = feasible.filter((each) => shareOf(each) < shareOf(choice.candidate));
      assert.deepEqual([share?.['place'], share?.['of']], [worseOff.length + 1, feasible.length]);
    }),
  );
});
