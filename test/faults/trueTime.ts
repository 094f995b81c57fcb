/** Hosts decide by PostgreSQL's clock, which a fault may move: what happened when, by a clock that nobody moves. */
import type { EventRow, Evidence, StepRow } from './evidence.ts';

/** A turn writes one event a lot, of the last version: a step's is the first that is not older. */
export function eventsOfSteps(outbox: readonly EventRow[]): (step: StepRow) => EventRow | undefined {
  const byLot = Map.groupBy(outbox, ({ lotId }) => lotId);
  for (const own of byLot.values()) own.sort((one, other) => one.version - other.version);
  return (step) => byLot.get(step.lotId)?.find(({ version }) => version >= step.version);
}

/**
 * The steps, each at its true time: of those that its time may mean, the nearest to when it was written. A turn may be decided before a jump
 * and written behind it.
 * @param jumpsMs by how much PostgreSQL's clock was off now and then
 */
export function inTrueTime<Rows extends Pick<Evidence, 'steps' | 'outbox'>>(
  rows: Rows,
  jumpsMs: readonly number[],
): Rows {
  const eventOf = eventsOfSteps(rows.outbox);
  const errorsMs = [0, ...jumpsMs];
  const steps = rows.steps.map((step) => {
    const writtenAtMs = eventOf(step)?.writtenAtMs ?? step.atMs;
    const meant = errorsMs.map((errorMs) => step.atMs - errorMs);
    const distance = (atMs: number): number => Math.abs(writtenAtMs - atMs);
    return { ...step, atMs: meant.reduce((best, each) => (distance(each) < distance(best) ? each : best)) };
  });
  return { ...rows, steps };
}
