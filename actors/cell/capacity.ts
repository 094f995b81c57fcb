/** Capacity tokens of one turn: reserved before the write, kept or given back after it. */
import { localDay } from '#core/matching/hours.ts';
import type { Decision } from '#core/lots/decide.ts';
import type { Lot } from '#core/lots/lot.ts';
import { tokenChanges, type Token } from '#core/lots/tokens.ts';
import type { Facts } from '#core/lots/turn.ts';
import type { Candidate } from '#core/matching/candidate.ts';
import type { OfferId } from '#core/words/ids.ts';
import type { CellPorts, Reservation } from './ports.ts';

/** What this turn has reserved so far, over its rounds. */
export interface Held {
  readonly epoch: number;
  readonly tokens: Map<OfferId, Token>;
}

/** @returns true when every offer of the decision has its grams; what the decision no longer needs is given back. */
export async function reserve(decision: Decision, facts: Facts, held: Held, ports: CellPorts): Promise<boolean> {
  const { reserve: wanted } = tokenChanges(decision.changes);
  await giveBack(held, (token) => !wanted.some((each) => sameToken(each, token)), ports);
  const missing = wanted.filter((token) => !held.tokens.has(token.offerId));
  if (missing.length === 0) return true;
  const lots = new Map(decision.changes.map(({ after }) => [after.offers.at(-1)?.id, after]));
  const asked = missing.map((token) =>
    reservationOf(token, held.epoch, lots.get(token.offerId), facts, ports.clock.nowMs()),
  );
  const granted = await ports.candidates.reserve(asked);
  missing.forEach((token, index) => {
    if (granted?.[index] === true) held.tokens.set(token.offerId, token);
  });
  return granted?.every(Boolean) ?? false;
}

function reservationOf(token: Token, epoch: number, lot: Lot | undefined, facts: Facts, nowMs: number): Reservation {
  const candidate = lot === undefined ? undefined : candidateOf(token, lot, facts);
  if (candidate === undefined) throw new Error(`offer ${token.offerId} has no candidate`);
  return {
    ...token,
    epoch,
    capacityGrams: candidate.capacityGrams,
    dailyCapacityGrams: candidate.dailyCapacityGrams,
    day: localDay(candidate.timeZone, nowMs),
  };
}

function candidateOf(token: Token, lot: Lot, facts: Facts): Candidate | undefined {
  const near = facts.candidatesFor(lot) ?? [];
  const bank = facts.fallbackFor(lot);
  const found = [...near, ...(bank == null ? [] : [bank])].find((each) => each.recipientId === token.recipientId);
  return found ?? facts.candidateNamed(lot, token.recipientId) ?? undefined;
}

function sameToken(a: Token, b: Token): boolean {
  return a.offerId === b.offerId && a.recipientId === b.recipientId && a.quantityGrams === b.quantityGrams;
}

/**
 * Gives back the held tokens that `isObsolete`. Another host may own the cell by now and have made the very same offer: what it
 * reserved is not ours to give back (found by simulation: it was, and the recipient was overbooked).
 */
export async function giveBack(held: Held, isObsolete: (token: Token) => boolean, ports: CellPorts): Promise<void> {
  const obsolete = [...held.tokens.values()].filter(isObsolete);
  if (obsolete.length === 0) return;
  for (const token of obsolete) held.tokens.delete(token.offerId);
  await ports.candidates.withdraw(obsolete, held.epoch);
}

/** After the write: what it freed, shrank or collected. */
export async function settle(decision: Decision, ports: CellPorts): Promise<void> {
  const { shrink, free } = tokenChanges(decision.changes);
  const collected = new Set(decision.collected.map((each) => each.offerId));
  const freed = free.filter((token) => !collected.has(token.offerId));
  await Promise.all([
    shrink.length === 0 ? undefined : ports.candidates.shrink(shrink),
    freed.length === 0 ? undefined : ports.candidates.free(freed),
    decision.collected.length === 0 ? undefined : ports.candidates.collected(decision.collected),
  ]);
}
