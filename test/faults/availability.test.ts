import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { turnedAway, unavailable } from './availability.ts';
import type { Injected } from './inject.ts';
import type { Operation } from './operations.ts';
import type { FaultKind } from './schedule.ts';

const T0 = 1_800_000_000_000;

const asked = (atMs: number, tookMs: number | null, change: Partial<Operation> = {}): Operation => ({
  id: 1,
  process: 'kitchen',
  kind: 'post',
  key: 'k',
  lot: null,
  offer: null,
  grams: null,
  invokedAtMs: T0 + atMs,
  endedAtMs: tookMs === null ? null : T0 + atMs + tookMs,
  outcome: tookMs === null ? 'unknown' : 'ok',
  status: tookMs === null ? 0 : 201,
  problem: '',
  tries: 1,
  timesTurnedAway: 0,
  patienceMs: 25_000,
  answer: {},
  ...change,
});
const fault = (kind: FaultKind, target: string, fromMs: number, untilMs: number, failure = ''): Injected => ({
  fault: { atMs: fromMs, kind, targets: [target], forMs: untilMs - fromMs },
  fromMs: T0 + fromMs,
  untilMs: T0 + untilMs,
  failure,
});
const isLate = (operation: Operation, ...faults: Injected[]): boolean => unavailable([operation], faults).length > 0;

describe('an answer comes within 5 s', () => {
  it('of its asking, when nothing is wrong', () => {
    assert.equal(isLate(asked(0, 4_900)), false);
    assert.equal(isLate(asked(0, 5_100)), true);
    assert.equal(isLate(asked(0, null)), true, 'none at all');
  });

  it('of the end of a fault on its way', () => {
    const hang = fault('pause', 'actor-host', 1_000, 9_000);
    assert.equal(isLate(asked(0, 13_900), hang), false);
    assert.equal(isLate(asked(0, 14_100), hang), true);
  });

  it('and no other fault excuses it: off the way, over before, begun when it was late already, not carried out', () => {
    assert.equal(isLate(asked(0, 6_000), fault('pause', 'relay', 0, 8_000)), true);
    assert.equal(isLate(asked(20_000, 6_000), fault('pause', 'actor-host', 1_000, 9_000)), true);
    assert.equal(isLate(asked(0, 11_000), fault('kill', 'actor-host', 6_000, 6_000)), true);
    assert.equal(isLate(asked(0, 6_000), fault('fill-disk', 'postgres', 1_000, 2_000, 'no mount')), true);
  });

  it('sidecars that have lost one another have 8 s', () => {
    assert.equal(isLate(asked(0, 8_900), fault('forget', 'actor-host.daprd<peers', 1_000, 1_000)), false);
    assert.equal(isLate(asked(0, 9_100), fault('forget', 'actor-host.daprd<peers', 1_000, 1_000)), true);
    assert.equal(isLate(asked(0, 6_900), fault('forget', 'api>daprd', 1_000, 1_000)), true);
  });

  it('a full disk has 15 s; reads and the impatient are not counted', () => {
    assert.equal(isLate(asked(0, 16_900), fault('fill-disk', 'postgres', 1_000, 2_000)), false);
    assert.equal(isLate(asked(0, 6_000, { kind: 'read' })), false);
    assert.equal(isLate(asked(0, null, { patienceMs: 300 })), false);
  });
});

describe('nobody is turned away for a clock that has jumped', () => {
  const told401 = asked(10_000, 300, { timesTurnedAway: 1 });
  const ofApi = fault('clock', 'api', 8_000, 20_000);
  const ofPostgres = (fromMs: number, untilMs: number): Injected => fault('clock', 'postgres', fromMs, untilMs);

  it('by one of two, at any time', () => {
    assert.equal(turnedAway([asked(10_000, 300)], [ofApi]).length, 0);
    assert.equal(turnedAway([told401], []).length, 1);
    assert.equal(turnedAway([told401], [ofApi]).length, 1);
    assert.equal(turnedAway([told401], [ofPostgres(8_000, 20_000)]).length, 1);
  });

  it('unless both are off, or an api may still believe so', () => {
    assert.equal(turnedAway([told401], [ofApi, ofPostgres(9_000, 12_000)]).length, 0);
    assert.equal(turnedAway([told401], [ofApi, ofPostgres(0, 7_000)]).length, 0);
    assert.equal(turnedAway([told401], [ofApi, ofPostgres(11_000, 12_000)]).length, 1, 'not yet');
  });
});
