import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { EventRow, StepRow } from './evidence.ts';
import { eventsOfSteps, inTrueTime } from './trueTime.ts';

const T0 = 1_800_000_000_000;
const HOUR_MS = 3_600_000;
const step = (version: number, atMs: number): StepRow => ({
  lotId: 'L',
  version,
  from: null,
  to: 'posted',
  reason: 'posted',
  offerId: null,
  recipientId: null,
  grams: 1,
  atMs,
});
const event = (version: number, writtenAtMs: number): EventRow => ({
  outboxId: `event-${String(version)}`,
  lotId: 'L',
  version,
  digest: '',
  createdAtMs: writtenAtMs,
  writtenAtMs,
  published: true,
});

it("a step's event is the first that is not older, in whatever order they come", () => {
  const eventOf = eventsOfSteps([event(5, T0), event(2, T0)]);
  assert.deepEqual(
    [1, 2, 3, 5].map((version) => eventOf(step(version, T0))?.version),
    [2, 2, 5, 5],
  );
  assert.equal(eventOf(step(6, T0)), undefined);
  assert.equal(eventOf({ ...step(1, T0), lotId: 'M' }), undefined);
});

it('a time is what it means nearest to when it was written: before a jump, in it, decided in it and written behind it', () => {
  const outbox = [event(1, T0), event(2, T0 + 10_000), event(3, T0 + 20_000), event(4, T0 + 30_000)];
  const steps = [
    step(1, T0 - 50),
    step(2, T0 + 10_000 + HOUR_MS - 50),
    step(3, T0 + 20_000 + HOUR_MS - 2_000),
    step(4, T0 + 30_000 - HOUR_MS - 50),
  ];
  const { steps: seen } = inTrueTime({ steps, outbox }, [HOUR_MS, -HOUR_MS]);
  assert.deepEqual(
    seen.map(({ atMs }) => atMs - T0),
    [-50, 9_950, 18_000, 29_950],
  );
});

it('where no clock jumped every time stays what it is, however late it was written', () => {
  const steps = [step(1, T0), step(2, T0)];
  assert.deepEqual(inTrueTime({ steps, outbox: [event(1, T0 + 2 * HOUR_MS)] }, []).steps, steps);
});
