import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Evidence, OfferRow, StepRow } from './evidence.ts';
import type { Injected } from './inject.ts';
import { untold } from './told.ts';

const T0 = 1_800_000_000_000;
const step = (version: number, to: string, atMs: number): StepRow => ({
  lotId: 'L',
  version,
  from: null,
  to,
  reason: to,
  offerId: 'L-1',
  recipientId: 'shelter',
  grams: 600,
  atMs: T0 + atMs,
});
const seen = (steps: StepRow[], notified: boolean): Evidence =>
  ({ steps, offers: [{ offerId: 'L-1', notified } as OfferRow], takenAtMs: T0 + 60_000 }) as unknown as Evidence;
const pause = (fromMs: number, untilMs: number): Injected => ({
  fault: { atMs: fromMs, kind: 'pause', targets: ['worker', 'worker-2'], forMs: untilMs - fromMs },
  fromMs: T0 + fromMs,
  untilMs: T0 + untilMs,
  failure: '',
});
const offered = step(2, 'offered', 0);

it('an offer that stands for 20 s must be proved; one that is answered or lapses before need not be', () => {
  assert.equal(untold(seen([offered], true), []).length, 0);
  assert.equal(untold(seen([offered], false), []).length, 1);
  assert.equal(untold(seen([offered, step(3, 'rematching', 19_000)], false), []).length, 0);
  assert.equal(untold(seen([offered, step(3, 'claimed', 21_000)], false), []).length, 1);
});

it('a fault meanwhile gives it 20 s from its end, one before or later gives none', () => {
  assert.equal(untold(seen([offered, step(3, 'claimed', 29_000)], false), [pause(5_000, 10_000)]).length, 0);
  assert.equal(untold(seen([offered, step(3, 'claimed', 31_000)], false), [pause(5_000, 10_000)]).length, 1);
  assert.equal(untold(seen([offered, step(3, 'claimed', 21_000)], false), [pause(-9_000, -1_000)]).length, 1);
  assert.equal(untold(seen([offered, step(3, 'claimed', 26_000)], false), [pause(21_000, 26_000)]).length, 1);
});

it('an event that JetStream lost is there again at 15 s, or at 45 s if it is lost once more', () => {
  const lost: Injected = {
    ...pause(4_000, 4_000),
    fault: { atMs: 4_000, kind: 'delete-stream', targets: ['nats'], forMs: 0 },
  };
  assert.equal(untold(seen([offered, step(3, 'claimed', 54_000)], false), [lost]).length, 0);
  assert.equal(untold(seen([offered, step(3, 'claimed', 56_000)], false), [lost]).length, 1);
});
