import { MIN_OFFER_GRAMS } from '#core/matching/feasible.ts';
import type { Campaign } from './campaign.ts';
import type { Evidence } from './evidence.ts';
import type { Injected } from './inject.ts';
import { holdings } from './laws.ts';
import { standing } from './told.ts';
import type { Operation } from './operations.ts';

export interface Figures {
  readonly lines: readonly string[];
  /** with the longest time that anything asked during the fault waited for its answer */
  readonly faults: readonly (Injected & { readonly worstMs: number })[];
}

/** After a fault is over somebody may still run into what it left. */
const AFTERMATH_MS = 3_000;

export function figuresOf({ evidence, injected, quietAfterMs, errands }: Campaign): Figures {
  const changes = evidence.operations.filter((each) => each.kind !== 'read');
  const faults = injected.map((each) => ({ ...each, worstMs: worstAnswerMs(changes, each) }));
  const kinds = Map.groupBy(changes, (each) => each.kind);
  const lines = [...kinds].map(([kind, own]) => `${kind.padEnd(9)} ${countsOf(own)}`);
  const took = changes
    .filter((each) => each.outcome !== 'unknown')
    .map(tookMs)
    .sort((a, b) => a - b);
  const share = (part: number): string => `${String(Math.round(took[Math.floor(part * (took.length - 1))] ?? 0))} ms`;
  return {
    faults,
    lines: [
      ...lines,
      `answers   p50 ${share(0.5)}, p95 ${share(0.95)}, p99 ${share(0.99)}, worst ${share(1)}`,
      `lots      ${countOf(evidence.lots.map((lot) => lot.state))}`,
      `steps     ${countOf(evidence.steps.map((step) => step.reason))}`,
      `room      ${String(fullOnce(evidence))} of ${String(evidence.recipients.length)} recipients had no room for another offer at some time`,
      `stream    ${String(evidence.stream.length)} events of ${String(evidence.outbox.length)} written; ${String(evidence.activations.length)} activations; ${String(evidence.repeats.length)} repeats under one key`,
      `quiet     ${quietAfterMs === null ? 'NOT within two minutes' : `${(quietAfterMs / 1000).toFixed(1)} s after the last fault`}`,
      `told      ${String(standing(evidence, injected).length)} offers stood open long enough for their recipients to be told`,
      `errands   ${countOf(errands.map(({ cameTo }) => cameTo))}`,
    ],
  };
}

/** How many recipients were full at some time: where there is none, the law of capacity had nothing to hold. */
export function fullOnce({ recipients, steps }: Pick<Evidence, 'recipients' | 'steps'>): number {
  const moves = holdings(steps);
  return recipients.filter(({ recipientId, capacityGrams, dailyCapacityGrams }) => {
    let [open, collected] = [0, 0];
    return (moves.get(recipientId) ?? []).some((move) => {
      open += move.openGrams;
      collected += move.collectedGrams;
      return Math.min(capacityGrams - open, dailyCapacityGrams - open - collected) < MIN_OFFER_GRAMS;
    });
  }).length;
}

function worstAnswerMs(changes: readonly Operation[], { fromMs, untilMs }: Injected): number {
  const during = changes.filter((each) => each.invokedAtMs <= untilMs + AFTERMATH_MS && endOf(each) >= fromMs);
  return Math.max(0, ...during.map((each) => endOf(each) - Math.max(fromMs, each.invokedAtMs)));
}

/** An impatient one hung up by itself: that says nothing of the system. */
function endOf(operation: Operation): number {
  return operation.endedAtMs ?? operation.invokedAtMs;
}

function tookMs(operation: Operation): number {
  return endOf(operation) - operation.invokedAtMs;
}

function countsOf(operations: readonly Operation[]): string {
  const refused = operations.filter((each) => each.outcome === 'fail').map((each) => each.problem);
  const of = (outcome: string): string => String(operations.filter((each) => each.outcome === outcome).length);
  const why = refused.length > 0 ? ` (${countOf(refused)})` : '';
  return `${of('ok')} ok, ${of('fail')} refused${why}, ${of('unknown')} unknown`;
}

function countOf(words: readonly string[]): string {
  return [...Map.groupBy(words, (word) => word)].map(([word, own]) => `${String(own.length)} ${word}`).join(', ');
}
