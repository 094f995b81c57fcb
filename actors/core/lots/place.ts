import type { Candidate } from '../matching/candidate.ts';
import { fallbackGrams, HANDOVER_MARGIN_MS } from '../matching/feasible.ts';
import { distanceReason, rank, type Choice, type Ranking } from '../matching/rank.ts';
import { offerIdOf } from '../words/ids.ts';
import type { Lot, Offer, Reason } from './lot.ts';
import { MAX_RADIUS_METERS, MAX_TRIES, MIN_RETRY_MS, NOT_READY_RETRY_MS, RADIUS_GROWTH } from './policy.ts';
import { splitOff } from './split.ts';
import { move, patch, type Turn } from './turn.ts';

/** Puts a posted or rematching lot to the best recipient, or says when to look again. */
export function place(turn: Turn, lot: Lot): Lot {
  const candidates = turn.facts.candidatesFor(lot);
  if (candidates === null) return wait(turn, lot);
  const ranking = rank(lot, candidates.map(asOfThisTurn(turn)), turn.nowMs);
  if (ranking.choice !== null) return offerTo(turn, lot, ranking.choice, { reason: 'matched' });
  return lot.deadLettered ? placeFallback(turn, lot) : nobody(turn, lot, ranking);
}

/** The nearest food bank of last resort that can take it; if there is none, or all are full or had it, tries of both kinds go on until safe-until. */
export function placeFallback(turn: Turn, lot: Lot): Lot {
  const candidates = turn.facts.candidatesFor(lot);
  const banks = turn.facts.fallbacksFor(lot);
  if (candidates === null || banks === null) return wait(turn, lot);
  const ranking = rank(lot, candidates.map(asOfThisTurn(turn)), turn.nowMs);
  if (ranking.choice === null && ranking.opensAtMs !== null) return postpone(turn, lot, ranking.opensAtMs);
  const bank = banks.map(asOfThisTurn(turn)).find((each) => fallbackGrams(lot, each, turn.nowMs) > 0);
  if (bank === undefined) return searchOn(turn, lot, MAX_TRIES, { deadLettered: true });
  const reason: Reason = { code: 'fallback', text: 'food bank of last resort', tries: lot.tries };
  const grams = fallbackGrams(lot, bank, turn.nowMs);
  const choice = { candidate: bank, grams, reasons: [distanceReason(bank), reason] };
  return offerTo(turn, lot, choice, { reason: 'fallback' }, { deadLettered: true });
}

/** As the facts know it, with what this turn has put to it already. */
export function asOfThisTurn(turn: Turn): (candidate: Candidate) => Candidate {
  return (candidate) => {
    const given = turn.givenGrams.get(candidate.recipientId) ?? 0;
    return given === 0 ? candidate : { ...candidate, openGrams: candidate.openGrams + given };
  };
}

interface OfferStep {
  readonly reason: 'matched' | 'fallback' | 'assigned';
  readonly detail?: string;
}

/** The offer of what fits; the rest is split off. The food bank of last resort needs no answer, so its offer has no other end. */
export function offerTo(
  turn: Turn,
  lot: Lot,
  choice: Pick<Choice, 'candidate' | 'grams' | 'reasons'>,
  step: OfferStep,
  change: Partial<Lot> = {},
): Lot {
  const { candidate, grams } = choice;
  const { fallback } = candidate;
  const kept = grams < lot.quantityGrams ? splitOff(turn, lot, grams, fallback ? null : candidate.recipientId) : {};
  const attempt = lot.attempt + 1;
  const deadlineMs = fallback
    ? lot.safeUntilMs
    : Math.min(turn.nowMs + turn.facts.policy.ackTimeoutMs, lot.safeUntilMs);
  const offer: Offer = {
    id: offerIdOf(lot.id, attempt),
    attempt,
    recipientId: candidate.recipientId,
    recipientName: candidate.name,
    state: 'open',
    quantityGrams: grams,
    deadlineMs,
    distanceMeters: candidate.distanceMeters,
    travelSeconds: candidate.travelSeconds,
    travelSource: candidate.travelSource,
    reasons: choice.reasons,
    fallback,
    offeredAtMs: turn.nowMs,
    answeredAtMs: null,
    codeGeneration: 1,
    wrongCodes: 0,
    timeZone: candidate.timeZone,
  };
  turn.givenGrams.set(candidate.recipientId, (turn.givenGrams.get(candidate.recipientId) ?? 0) + grams);
  return move(
    turn,
    lot,
    { to: 'offered', ...step, offer },
    {
      ...kept,
      attempt,
      offers: [...lot.offers, offer],
      nextActionAtMs: deadlineMs,
      ...change,
    },
  );
}

/** Nobody can take it now: look again later, further out; after MAX_TRIES ask for the fallback. */
function nobody(turn: Turn, lot: Lot, ranking: Ranking): Lot {
  if (ranking.opensAtMs !== null) return postpone(turn, lot, ranking.opensAtMs, ranking);
  const tries = Math.min(MAX_TRIES, lot.tries + 1);
  const exhausted = tries >= MAX_TRIES && !lot.deadLettered;
  const next = searchOn(turn, lot, tries, {}, ranking);
  if (!exhausted) return next;
  turn.rematch.add(lot.id);
  return patch(turn, next, { nextActionAtMs: Math.min(turn.nowMs + NOT_READY_RETRY_MS, lot.safeUntilMs) });
}

/** A candidate who opens before safe-until postpones the fallback, and costs no try. Who waits for that already goes on waiting. */
function postpone(turn: Turn, lot: Lot, opensAtMs: number, ranking?: Ranking): Lot {
  const tries = Math.min(MAX_TRIES - 1, lot.tries);
  const atMs = Math.min(Math.max(opensAtMs, turn.nowMs + 1000), lot.safeUntilMs);
  if (lot.state === 'rematching' && lot.nextActionAtMs === atMs && atMs > turn.nowMs) return lot;
  return patch(turn, searchOn(turn, lot, tries, {}, ranking), { nextActionAtMs: atMs });
}

/** The next try comes after min(2^tries × base, half the time to the last feasible collection), its radius × 1.5. */
function searchOn(turn: Turn, lot: Lot, tries: number, change: Partial<Lot>, ranking?: Ranking): Lot {
  const leftMs = lot.safeUntilMs - HANDOVER_MARGIN_MS - turn.nowMs;
  const waitMs = Math.min(2 ** tries * turn.facts.policy.retryBaseMs, Math.max(MIN_RETRY_MS, leftMs / 2));
  // Too late for anybody to collect: nothing is left to do but to expire.
  const nextActionAtMs = leftMs <= 0 ? lot.safeUntilMs : Math.min(Math.round(turn.nowMs + waitMs), lot.safeUntilMs);
  const radiusMeters = Math.min(MAX_RADIUS_METERS, Math.round(lot.radiusMeters * RADIUS_GROWTH));
  const detail = ranking === undefined ? null : JSON.stringify(ranking.leftOut);
  return move(
    turn,
    lot,
    { to: 'rematching', reason: 'no-candidate', detail },
    { tries, nextActionAtMs, radiusMeters, ...change },
  );
}

function wait(turn: Turn, lot: Lot): Lot {
  return patch(turn, lot, {
    nextActionAtMs: Math.min(turn.nowMs + NOT_READY_RETRY_MS, Math.max(lot.safeUntilMs, turn.nowMs)),
  });
}
