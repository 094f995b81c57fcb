import { REMATCH_GUARD_MS } from './policy.ts';
import type { Lot } from './lot.ts';
import { postedAtMsOf, type RecipientId } from '../words/ids.ts';
import { create, move, type Turn } from './turn.ts';

/**
 * The grams that stay are the parent's, the rest becomes a child that is offered on, leaving out who took the part; null: nobody is left out,
 * for a food bank of last resort that is full now may have room again, and there may be no other.
 * Grams are conserved: parent + child = what the parent held.
 */
export function splitOff(turn: Turn, lot: Lot, keptGrams: number, taker: RecipientId | null): Partial<Lot> {
  const childId = turn.facts.newLotId(turn.children++);
  const restGrams = lot.quantityGrams - keptGrams;
  const restServings = lot.servings === null ? null : Math.floor((lot.servings * restGrams) / lot.quantityGrams);
  const child: Lot = {
    ...lot,
    id: childId,
    parentId: lot.id,
    state: 'posted',
    version: 1,
    quantityGrams: restGrams,
    postedGrams: 0,
    servings: restServings,
    // not now: the id was made a moment before, and rows are found by the time in it
    postedAtMs: postedAtMsOf(childId),
    attempt: 0,
    tries: 0,
    radiusMeters: turn.facts.policy.radiusMeters,
    tried: taker === null ? lot.tried : [...new Set([...lot.tried, taker])],
    offers: [],
    nextActionAtMs: turn.nowMs,
    pickupByMs: null,
    reminded: false,
    deadLettered: false,
  };
  requireRematch(turn, create(turn, child, 'split'), 'split');
  return {
    quantityGrams: keptGrams,
    servings: lot.servings === null || restServings === null ? null : lot.servings - restServings,
  };
}

/** To `rematching`, and say so in an event; the sweep looks again if the event is lost. */
export function requireRematch(
  turn: Turn,
  lot: Lot,
  reason: 'split' | 'declined' | 'lapsed' | 'released' | 'not-collected' | 'replayed' | 'withdrawn',
  change: Partial<Lot> = {},
  step: { detail?: string; notBeforeMs?: number } = {},
): Lot {
  const offer = lot.offers.at(-1) ?? null;
  const nextActionAtMs = Math.min(turn.nowMs + REMATCH_GUARD_MS, Math.max(turn.nowMs, lot.safeUntilMs));
  turn.rematch.add(lot.id);
  return move(turn, lot, { to: 'rematching', reason, offer, ...step }, { nextActionAtMs, pickupByMs: null, ...change });
}
