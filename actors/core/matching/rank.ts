/**
 * Who gets the next offer. This is the rule, whole:
 *   1. feasibility first: category, storage, open hours, capacity, time (feasible.ts);
 *   2. a score of travel time, urgency, stated need, how much of the lot fits, and how soon the place closes;
 *   3. fairness: of those about as good as the best, the one served least for its need.
 * Its numbers were chosen by `make replay`, docs/adr/0020.
 */
import type { Reason } from '../lots/lot.ts';
import { freeGrams, shareOf, type Candidate } from './candidate.ts';
import { feasibility, type Feasibility, type Infeasible, type Need } from './feasible.ts';
import { localTime } from './hours.ts';

export interface Choice {
  readonly candidate: Candidate;
  /** what is offered: the whole lot, or what fits */
  readonly grams: number;
  readonly score: number;
  readonly reasons: readonly Reason[];
}

export interface Ranking {
  readonly choice: Choice | null;
  /** unix ms; when the first of those who are closed now could be asked; null: nobody opens in time */
  readonly opensAtMs: number | null;
  /** how many were left out, by cause */
  readonly leftOut: Partial<Record<Infeasible, number>>;
}

type Feasible = Extract<Feasibility, { feasible: true }>;
interface Scored {
  readonly candidate: Candidate;
  readonly fit: Feasible;
  readonly score: number;
}

const HOUR_MS = 3_600_000;
/** Travel beyond this earns nothing more off. */
const FAR_SECONDS = 1_800;
/** Food with less slack than this is urgent: its travel time weighs more. */
const URGENT_MS = 4 * HOUR_MS;
/** A place that closes sooner than this loses its room for today: it is asked before those that stay open. */
const CLOSING_SOON_MS = 4 * HOUR_MS;
const WEIGHTS = { travel: 0.4, urgency: 0.2, need: 0.1, quantity: 0.1, closing: 0.2 } as const;
/** A score this close to the best is about as good. */
const ABOUT_AS_GOOD = 0.15;

export function rank(lot: Need, candidates: readonly Candidate[], nowMs: number): Ranking {
  const feasible: Scored[] = [];
  const leftOut: Partial<Record<Infeasible, number>> = {};
  let opensAtMs: number | null = null;
  for (const candidate of candidates) {
    const fit = feasibility(lot, candidate, nowMs);
    if (fit.feasible) {
      feasible.push({ candidate, fit, score: scoreOf(lot, candidate, fit) });
    } else {
      leftOut[fit.because] = (leftOut[fit.because] ?? 0) + 1;
      if (fit.opensAtMs !== null && (opensAtMs === null || fit.opensAtMs < opensAtMs)) opensAtMs = fit.opensAtMs;
    }
  }
  feasible.sort(bestFirst);
  const chosen = fairestOf(feasible);
  const choice = chosen === undefined ? null : explained(lot, chosen, feasible);
  return { choice, opensAtMs, leftOut };
}

/** Higher is better, 0 to 1. */
function scoreOf(lot: Need, candidate: Candidate, fit: Feasible): number {
  const nearness = 1 - Math.min(1, candidate.travelSeconds / FAR_SECONDS);
  const urgency = 1 - Math.min(1, (lot.safeUntilMs - fit.arrivalMs) / URGENT_MS);
  const need = candidate.needs[lot.category] ?? 0;
  const quantity = fit.grams / lot.quantityGrams;
  const closing = 1 - Math.min(1, (fit.openUntilMs - fit.arrivalMs) / CLOSING_SOON_MS);
  return (
    WEIGHTS.travel * nearness +
    WEIGHTS.urgency * (urgency * nearness + (1 - urgency)) +
    WEIGHTS.need * need +
    WEIGHTS.quantity * quantity +
    WEIGHTS.closing * closing
  );
}

/** By score; ties by distance, then by id, so that the same facts always give the same order. */
function bestFirst(a: Scored, b: Scored): number {
  return (
    b.score - a.score ||
    a.candidate.distanceMeters - b.candidate.distanceMeters ||
    (a.candidate.recipientId < b.candidate.recipientId ? -1 : 1)
  );
}

/** @param feasible best first; of the same share the better one */
function fairestOf([best, ...others]: readonly Scored[]): Scored | undefined {
  let fairest = best;
  for (const other of others) {
    if (best === undefined || fairest === undefined || other.score < best.score - ABOUT_AS_GOOD) break;
    if (shareOf(other.candidate) < shareOf(fairest.candidate)) fairest = other;
  }
  return fairest;
}

function explained(lot: Need, chosen: Scored, feasible: readonly Scored[]): Choice {
  const { candidate, fit, score } = chosen;
  const reasons: Reason[] = [distanceReason(candidate), hoursReason(candidate, fit), shareReason(candidate, feasible)];
  const need = candidate.needs[lot.category];
  if (need !== undefined && need > 0) {
    reasons.push({ code: 'need', text: `asked for ${lot.category}`, category: lot.category, weight: need });
  }
  if (fit.grams < lot.quantityGrams) {
    const kg = (fit.grams / 1000).toFixed(1);
    reasons.push({ code: 'capacity', text: `has room for ${kg} kg`, freeGrams: freeGrams(candidate) });
  }
  const slackMinutes = Math.round((lot.safeUntilMs - fit.arrivalMs) / 60_000);
  if (slackMinutes * 60_000 < URGENT_MS) {
    reasons.push({ code: 'urgency', text: `${String(slackMinutes)} min to spare on arrival`, slackMinutes });
  }
  return { candidate, grams: fit.grams, score, reasons };
}

const BY_MODE = { pedestrian: 'on foot', bicycle: 'by bicycle', auto: 'by car' } as const;

export function distanceReason(candidate: Candidate): Reason {
  const km = (candidate.distanceMeters / 1000).toFixed(1);
  return {
    code: 'distance',
    text: `${km} km ${BY_MODE[candidate.travelMode]}`,
    distanceMeters: Math.round(candidate.distanceMeters),
    travelSeconds: candidate.travelSeconds,
    mode: candidate.travelMode,
    source: candidate.travelSource,
  };
}

function hoursReason(candidate: Candidate, fit: Feasible): Reason {
  if (!Number.isFinite(fit.openUntilMs)) return { code: 'hours', text: 'always open' };
  const until = localTime(candidate.timeZone, fit.openUntilMs);
  return { code: 'hours', text: `open till ${until}`, openUntil: new Date(fit.openUntilMs).toISOString() };
}

function shareReason(candidate: Candidate, feasible: readonly Scored[]): Reason {
  const share = shareOf(candidate);
  const place = 1 + feasible.filter((other) => shareOf(other.candidate) < share).length;
  const text = `${ordinal(place)}lowest share this week`;
  return { code: 'share', text, share: Math.round(share * 1000) / 1000, place, of: feasible.length };
}

function ordinal(place: number): string {
  if (place === 1) return '';
  const tens = place % 100;
  const suffix = tens >= 11 && tens <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][place % 10] ?? 'th');
  return `${String(place)}${suffix} `;
}
