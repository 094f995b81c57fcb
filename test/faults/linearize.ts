/** Hands the operations on each lot to Porcupine, with what the system did of itself, and asks whether one order explains them. */
import { spawnSync } from 'node:child_process';
import type { OfferRow, StepRow } from './evidence.ts';
import { writeJsonLines } from './files.ts';
import { buildGoTool } from './goTool.ts';
import type { Operation } from './operations.ts';

/** One line of what the checker reads. */
export interface CheckedOperation {
  readonly lot: string;
  readonly kind: string;
  /** which offer of the lot; 0: none */
  readonly attempt: number;
  /** a fallback offer: its handover needs no claim */
  readonly fallback: boolean;
  readonly outcome: 'ok' | 'fail' | 'unknown';
  readonly problem: string;
  /** of a read: `waiting`, `open`, `claimed`, `collected`, `expired`, `cancelled` */
  readonly phase: string;
  /** unix ms */
  readonly call: number;
  /** unix ms; -1: at any later time */
  readonly return: number;
}

export type Linearity =
  | {
      readonly checked: true;
      readonly lots: number;
      readonly operations: number;
      readonly illegal: readonly string[];
      readonly undecided: readonly string[];
    }
  | { readonly checked: false; readonly because: string };

/** A step's time is its decision's: the commit comes later, by as much as the database may hang in between. */
const DECIDED_EARLIER_MS = 1_000;
const COMMITTED_LATER_MS = 20_000;

/** @param file where the lines for the checker are kept, to run it again by hand */
export function checkLinearity(operations: readonly CheckedOperation[], file: string): Linearity {
  const checker = buildGoTool('porcupine');
  if ('because' in checker) return { checked: false, because: checker.because };
  writeJsonLines(file, operations);
  const run = spawnSync(checker.path, [file], { encoding: 'utf8', maxBuffer: 64 << 20 });
  if (run.status !== 0) return { checked: false, because: `${checker.path} ${file}: ${run.stderr}` };
  return { checked: true, ...(JSON.parse(run.stdout) as Omit<Linearity & { checked: true }, 'checked'>) };
}

/** People's operations with their times as seen from outside, and the system's own steps with theirs as recorded. */
export function checkedOperations(
  operations: readonly Operation[],
  steps: readonly StepRow[],
  offers: readonly OfferRow[],
): CheckedOperation[] {
  const fallbacks = new Set(offers.filter((offer) => offer.fallback).map((offer) => offer.offerId));
  const known = new Set(steps.map((step) => step.lotId));
  const cancelled = new Set(operations.filter((each) => each.kind === 'cancel').map((each) => each.lot));
  return [
    ...operations.flatMap((each) => ofOperation(each, fallbacks)).filter(({ lot }) => known.has(lot)),
    ...steps.flatMap((step) => ofStep(step, fallbacks, cancelled)),
  ];
}

function ofOperation(operation: Operation, fallbacks: ReadonlySet<string>): CheckedOperation[] {
  const { kind, lot, offer, outcome, problem } = operation;
  const times = { call: operation.invokedAtMs, return: operation.endedAtMs ?? -1 };
  if (kind === 'read') return outcome === 'ok' && lot !== null ? ofRead(operation, times) : [];
  if (kind === 'post' || lot === null) return [];
  const fallback = offer !== null && fallbacks.has(offer);
  return [{ lot, kind, attempt: attemptOf(offer), fallback, outcome, problem, phase: '', ...times }];
}

interface LotRead {
  readonly id: string;
  readonly state: string;
  readonly attempt: number;
  readonly lots?: readonly LotRead[];
}

/** A look at a surplus is a look at each lot of its family. */
function ofRead({ answer }: Operation, times: { call: number; return: number }): CheckedOperation[] {
  const top = answer as LotRead;
  return [top, ...(top.lots ?? [])].map((lot) => ({
    lot: lot.id,
    kind: 'read',
    attempt: lot.attempt,
    fallback: false,
    outcome: 'ok' as const,
    problem: '',
    phase: phaseOf(lot.state),
    ...times,
  }));
}

function phaseOf(state: string): string {
  if (state === 'posted' || state === 'rematching') return 'waiting';
  return state === 'offered' ? 'open' : state;
}

const SYSTEMS: Readonly<Record<string, string>> = {
  matched: 'offer',
  fallback: 'offer',
  lapsed: 'lapse',
  'not-collected': 'uncollected',
  expired: 'expire',
};

function ofStep(
  step: StepRow,
  fallbacks: ReadonlySet<string>,
  cancelled: ReadonlySet<string | null>,
): CheckedOperation[] {
  // The cancel of a root takes its splits along: to those it is the system's doing.
  const isTakenAlong = step.reason === 'cancelled' && !cancelled.has(step.lotId);
  const kind = isTakenAlong ? 'taken-along' : SYSTEMS[step.reason];
  if (kind === undefined) return [];
  const fallback = step.offerId !== null && fallbacks.has(step.offerId);
  const times = { call: step.atMs - DECIDED_EARLIER_MS, return: step.atMs + COMMITTED_LATER_MS };
  return [
    {
      lot: step.lotId,
      kind,
      attempt: attemptOf(step.offerId),
      fallback,
      outcome: 'ok',
      problem: '',
      phase: '',
      ...times,
    },
  ];
}

function attemptOf(offer: string | null): number {
  return offer === null ? 0 : Number(offer.slice(offer.lastIndexOf('-') + 1));
}
