import type { Lot } from '../lots/lot.ts';
import { freeGrams, type Candidate } from './candidate.ts';
import { nextOpeningMs, openUntilMs } from './hours.ts';

/** Time between arriving and the food being in the fridge: what must be left of safe-until. */
export const HANDOVER_MARGIN_MS = 10 * 60_000;
/** Nobody is sent out for less than this, unless the whole lot is smaller. */
export const MIN_OFFER_GRAMS = 500;

export type Infeasible =
  'tried' | 'paused' | 'fallback' | 'category' | 'storage' | 'safe-until' | 'closed' | 'capacity';

export type Feasibility =
  | { readonly feasible: true; readonly arrivalMs: number; readonly openUntilMs: number; readonly grams: number }
  | { readonly feasible: false; readonly because: Infeasible; readonly opensAtMs: number | null };

export type Need = Pick<Lot, 'category' | 'storage' | 'quantityGrams' | 'readyFromMs' | 'safeUntilMs' | 'tried'>;

/** Can this recipient take this food, all in all? The first thing that stands against it is named. */
export function feasibility(lot: Need, candidate: Candidate, nowMs: number): Feasibility {
  const refused = standing(lot, candidate);
  if (refused !== null) return { feasible: false, because: refused, opensAtMs: null };
  return candidate.fallback ? no('fallback') : inTime(lot, candidate, nowMs);
}

/**
 * Grams that a food bank of last resort can take of it; 0: none. It is told and needs no answer, so its hours are left aside: what it cannot keep, or
 * not fetch in time, is nothing for it either.
 */
export function fallbackGrams(lot: Need, bank: Candidate, nowMs: number): number {
  if (standing(lot, bank) !== null || arrivalMsOf(lot, bank, nowMs) + HANDOVER_MARGIN_MS > lot.safeUntilMs) return 0;
  return gramsFor(lot, bank);
}

/** What no waiting changes. */
function standing(lot: Need, candidate: Candidate): Infeasible | null {
  if (lot.tried.includes(candidate.recipientId)) return 'tried';
  if (!candidate.active) return 'paused';
  if (!candidate.categories.includes(lot.category)) return 'category';
  if (!candidate.storages.includes(lot.storage)) return 'storage';
  return null;
}

function inTime(lot: Need, candidate: Candidate, nowMs: number): Feasibility {
  const travelMs = candidate.travelSeconds * 1000;
  const arrivalMs = arrivalMsOf(lot, candidate, nowMs);
  if (arrivalMs + HANDOVER_MARGIN_MS > lot.safeUntilMs) return no('safe-until');
  const closesMs = openUntilMs(candidate.hours, candidate.timeZone, arrivalMs);
  if (closesMs === null) {
    const opensMs = nextOpeningMs(candidate.hours, candidate.timeZone, arrivalMs);
    const inTimeMs = opensMs !== null && opensMs + HANDOVER_MARGIN_MS <= lot.safeUntilMs ? opensMs : null;
    return { feasible: false, because: 'closed', opensAtMs: inTimeMs === null ? null : inTimeMs - travelMs };
  }
  const grams = gramsFor(lot, candidate);
  if (grams === 0) return no('capacity');
  return { feasible: true, arrivalMs, openUntilMs: closesMs, grams };
}

function arrivalMsOf(lot: Need, candidate: Candidate, nowMs: number): number {
  return Math.max(nowMs, lot.readyFromMs) + candidate.travelSeconds * 1000;
}

/** What fits; 0 where that is not worth the way. */
function gramsFor(lot: Need, candidate: Candidate): number {
  const grams = Math.min(lot.quantityGrams, freeGrams(candidate));
  return grams < Math.min(MIN_OFFER_GRAMS, lot.quantityGrams) ? 0 : grams;
}

function no(because: Infeasible): Feasibility {
  return { feasible: false, because, opensAtMs: null };
}
