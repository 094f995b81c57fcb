import type { Answer, Fallback, Rematch, Replay, Wake } from './command.ts';
import { giveBack } from './answer.ts';
import { currentOffer, isEnd, type Lot } from './lot.ts';
import { place, placeFallback } from './place.ts';
import { LATE_HANDOVER_MS, LONGEST_POSTED_MS, MAX_TRIES, PICKUP_GRACE_MS } from './policy.ts';
import { requireRematch } from './split.ts';
import { closeOffer, move, patch, type Turn } from './turn.ts';
import { answered, refuse } from './verdict.ts';

/** Something is due: the lot itself says what. Nothing due: nothing happens. */
export function wake(turn: Turn, command: Wake): Answer {
  const lot = turn.lots.get(command.lotId);
  if (lot === undefined) return refuse('not-found', 'no such lot');
  if (isDue(turn, lot)) act(turn, lot);
  return answered(turn, command.lotId);
}

function isDue(turn: Turn, lot: Lot): boolean {
  if (lot.nextActionAtMs === null) return false;
  return turn.nowMs >= lot.nextActionAtMs || waitsByAnotherClock(turn, lot, lot.nextActionAtMs);
}

/**
 * It was told to wait while the clock was ahead: longer than anybody waits from now on, from a time that is yet to come. Who opens later than the
 * longest wait between two tries is waited for.
 */
function waitsByAnotherClock({ nowMs, facts }: Turn, lot: Lot, nextActionAtMs: number): boolean {
  if (lot.state === 'posted') return nextActionAtMs > nowMs + LONGEST_POSTED_MS;
  if (lot.state !== 'rematching' || lot.postedAtMs <= nowMs + LONGEST_POSTED_MS) return false;
  const longestMs = (tries: number): number => 2 ** tries * facts.policy.retryBaseMs;
  // Once it has been looked for it waits as long as others do, and that again and again would be every second.
  if (nextActionAtMs <= nowMs + longestMs(lot.tries)) return false;
  return (
    nextActionAtMs >= lot.postedAtMs && nextActionAtMs <= lot.postedAtMs + longestMs(MAX_TRIES) + LONGEST_POSTED_MS
  );
}

function act(turn: Turn, lot: Lot): void {
  switch (lot.state) {
    case 'posted':
    case 'rematching':
      if (turn.nowMs >= lot.safeUntilMs) expire(turn, lot, lot.safeUntilMs);
      else if (lot.tries >= MAX_TRIES && !lot.deadLettered) placeFallback(turn, lot);
      else place(turn, lot);
      return;
    case 'offered':
      if (turn.nowMs >= lot.safeUntilMs) expire(turn, lot, lot.safeUntilMs);
      else giveBack(turn, lot, 'lapsed', { notBeforeMs: currentOffer(lot)?.deadlineMs ?? turn.nowMs });
      return;
    case 'claimed':
      checkPickup(turn, lot);
      return;
    case 'collected':
    case 'expired':
    case 'cancelled':
      return;
  }
}

/** Claimed and not collected by its pick-up time: remind, then release. After safe-until only a late handover can come. */
function checkPickup(turn: Turn, lot: Lot): void {
  const lateMs = lot.safeUntilMs + LATE_HANDOVER_MS;
  const pickupByMs = lot.pickupByMs ?? lot.safeUntilMs;
  if (turn.nowMs >= lateMs) {
    expire(turn, lot, lateMs);
  } else if (turn.nowMs >= lot.safeUntilMs) {
    patch(turn, lot, { nextActionAtMs: lateMs });
  } else if (!lot.reminded) {
    turn.remind.add(lot.id);
    const nextActionAtMs = Math.min(turn.nowMs + PICKUP_GRACE_MS, lot.safeUntilMs);
    const offer = currentOffer(lot);
    move(
      turn,
      lot,
      { to: 'claimed', reason: 'reminded', offer, notBeforeMs: pickupByMs },
      { reminded: true, nextActionAtMs },
    );
  } else {
    giveBack(turn, lot, 'not-collected', { notBeforeMs: pickupByMs });
  }
}

function expire(turn: Turn, lot: Lot, notBeforeMs: number): void {
  const offer = currentOffer(lot);
  const offers = offer === null ? lot.offers : closeOffer(turn, lot, 'expired');
  move(turn, lot, { to: 'expired', reason: 'expired', offer, notBeforeMs }, { offers, pickupByMs: null });
}

/** RematchRequired arrived. What has moved on since is left alone. */
export function rematch(turn: Turn, command: Rematch): Answer {
  const lot = turn.lots.get(command.lotId);
  if (lot === undefined) return refuse('not-found', 'no such lot');
  const waiting = lot.state === 'rematching' && lot.version === command.version && lot.tries < MAX_TRIES;
  if (waiting && turn.nowMs < lot.safeUntilMs) place(turn, lot);
  return answered(turn, command.lotId);
}

/** A dead letter arrived. */
export function fallback(turn: Turn, command: Fallback): Answer {
  const lot = turn.lots.get(command.lotId);
  if (lot === undefined) return refuse('not-found', 'no such lot');
  const waiting = lot.state === 'rematching' && lot.version === command.version && !lot.deadLettered;
  if (waiting && turn.nowMs < lot.safeUntilMs) placeFallback(turn, lot);
  return answered(turn, command.lotId);
}

/** An operator starts a dead-lettered lot anew: whoever was tried may be asked again. */
export function replay(turn: Turn, command: Replay): Answer {
  const lot = turn.lots.get(command.lotId);
  if (lot === undefined) return refuse('not-found', 'There is no such surplus.');
  if (isEnd(lot.state) || lot.state === 'claimed' || turn.nowMs >= lot.safeUntilMs) {
    return refuse('offer-closed', `The surplus is ${lot.state}: there is nothing to replay.`);
  }
  const offers = currentOffer(lot) === null ? lot.offers : closeOffer(turn, lot, 'withdrawn');
  const fresh = { offers, tried: [], tries: 0, deadLettered: false, radiusMeters: turn.facts.policy.radiusMeters };
  requireRematch(turn, lot, 'replayed', fresh);
  return answered(turn, command.lotId);
}
