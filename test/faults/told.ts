/** Whoever holds an offer is told of it, though JetStream has lost the event: R2. */
import type { Evidence, StepRow } from './evidence.ts';
import type { Injected } from './inject.ts';
import type { Breach } from './breach.ts';
import { byVersion } from './laws.ts';
import type { FaultKind } from './schedule.ts';

export const TOLD_LAW = 'who holds an offer is told of it';

/** An offer without proof of notification is published again when it is 5 and 15 s old, and the sweep looks once a second. */
const TOLD_WITHIN_MS = 20_000;
/** What is lost once more is published again at 45 s. */
const TOLD_AT_LAST_WITHIN_MS = 55_000;
/** What it is about: JetStream loses what it had acknowledged. */
const LOSES_EVENTS = new Set<FaultKind>([
  'delete-stream',
  'purge-stream',
  'delete-consumers',
  'lose-tail',
  'lose-disk',
]);

interface Standing {
  readonly offerId: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Offers that stood open long enough for somebody to be told, whatever faults there were: each on its way gives it so much more. */
export function standing({ steps, takenAtMs }: Evidence, injected: readonly Injected[]): Standing[] {
  const faults = [...injected].sort((a, b) => a.fromMs - b.fromMs);
  const isIn = (fromMs: number, untilMs: number) => (each: Injected) =>
    each.fromMs <= untilMs && each.untilMs >= fromMs;
  return [...Map.groupBy(steps, (step) => step.lotId).values()]
    .flatMap((own) => offersIn(own, takenAtMs))
    .filter(({ fromMs, untilMs }) => {
      const losses = faults.filter(({ fault }) => LOSES_EVENTS.has(fault.kind));
      const isLost = losses.some(isIn(fromMs, fromMs + TOLD_WITHIN_MS));
      let dueMs = fromMs + (isLost ? TOLD_AT_LAST_WITHIN_MS : TOLD_WITHIN_MS);
      for (const each of faults)
        if (!losses.includes(each) && isIn(fromMs, dueMs)(each)) dueMs = Math.max(dueMs, each.untilMs + TOLD_WITHIN_MS);
      return untilMs > dueMs;
    });
}

function offersIn(own: readonly StepRow[], takenAtMs: number): Standing[] {
  const steps = byVersion(own);
  return steps.flatMap(({ to, offerId, atMs }, n) =>
    to === 'offered' && offerId !== null ? [{ offerId, fromMs: atMs, untilMs: steps[n + 1]?.atMs ?? takenAtMs }] : [],
  );
}

export function untold(evidence: Evidence, injected: readonly Injected[]): Breach[] {
  const byId = new Map(evidence.offers.map((offer) => [offer.offerId, offer]));
  return standing(evidence, injected)
    .filter(({ offerId }) => byId.get(offerId)?.notified === false)
    .map((each) => ({
      law: TOLD_LAW,
      what: `${each.offerId} stood open for ${String(Math.round((each.untilMs - each.fromMs) / 1000))} s, and nobody was told`,
      evidence: [each, byId.get(each.offerId)],
    }));
}
