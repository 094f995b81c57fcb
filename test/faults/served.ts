/** Laws of what the platform is for: food is offered, and nobody is sent away without a reason. */
import { isEnd, type LotState } from '#core/lots/lot.ts';
import type { Evidence, StepRow } from './evidence.ts';
import type { Breach } from './breach.ts';
import type { Operation, OperationKind } from './operations.ts';

/** Food that spoils sooner may have nobody who is there in time. */
const KEEPS_MS = 10 * 60_000;
/** Longer than any fault: of some thousand lots under fire one in a hundred waited ten seconds. */
const OFFERED_WITHIN_MS = 60_000;

/** What keeps is offered, or has ended, within a minute, whatever goes on: nobody is told for ever that there is nobody. */
export function keepsAreOffered({ lots, steps, takenAtMs }: Evidence): Omit<Breach, 'law'>[] {
  const stepsOf = Map.groupBy(steps, (step) => step.lotId);
  return lots.flatMap((lot) => {
    const own = stepsOf.get(lot.lotId) ?? [];
    const postedAtMs = Math.min(...own.map((step) => step.atMs));
    if (lot.safeUntilMs - postedAtMs < KEEPS_MS) return [];
    const untilMs = firstAtMs(own, (step) => step.to === 'offered' || isEnd(step.to as LotState)) ?? takenAtMs;
    const waitedMs = untilMs - postedAtMs;
    if (waitedMs <= OFFERED_WITHIN_MS) return [];
    return [{ what: `${lot.lotId} was offered to nobody for ${String(Math.round(waitedMs / 1000))} s`, evidence: own }];
  });
}

function firstAtMs(steps: readonly StepRow[], is: (step: StepRow) => boolean): number | undefined {
  const times = steps.filter(is).map((step) => step.atMs);
  return times.length === 0 ? undefined : Math.min(...times);
}

const OVER = ['offer-lapsed', 'offer-closed'];
/** All that the load does to be refused: it answers twice, late, against itself, and posts what has nearly spoilt. */
const REASONS: Readonly<Record<OperationKind, readonly string[]>> = {
  post: ['unsafe'],
  accept: [...OVER, 'already-claimed'],
  decline: [...OVER, 'already-claimed'],
  release: OVER,
  handover: OVER,
  cancel: ['offer-closed'],
  read: ['not-found'],
};

/** A refusal is an answer only if there was something to refuse. */
export function refusalsHaveReasons({ operations }: Evidence): Omit<Breach, 'law'>[] {
  return operations
    .filter(({ kind, outcome, problem }) => outcome === 'fail' && !REASONS[kind].includes(problem))
    .map((operation: Operation) => ({
      what: `${operation.kind} ${operation.key} was refused: ${String(operation.status)} ${operation.problem}`,
      evidence: [operation],
    }));
}
