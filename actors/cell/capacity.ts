/** Capacity tokens of one turn: reserved before the write, kept or given back after it. */
import { localDay } from '#core/matching/hours.ts';
import type { Decision } from '#core/lots/decide.ts';
import type { Lot, Transition } from '#core/lots/lot.ts';
import { tokenChanges, type Token } from '#core/lots/tokens.ts';
import type { Facts } from '#core/lots/turn.ts';
import type { Candidate } from '#core/matching/candidate.ts';
import type { Infeasible } from '#core/matching/feasible.ts';
import { offerIdOf, type OfferId, type RecipientId } from '#core/words/ids.ts';
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
  const banks = facts.fallbacksFor(lot) ?? [];
  const found = [...near, ...banks].find((each) => each.recipientId === token.recipientId);
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

/** What this turn has reserved, by recipient. */
export function heldGrams(held: Held): Map<RecipientId, number> {
  const grams = new Map<RecipientId, number>();
  for (const { recipientId, quantityGrams } of held.tokens.values())
    grams.set(recipientId, (grams.get(recipientId) ?? 0) + quantityGrams);
  return grams;
}

/** Of one call, so that it does not hold up Redis. */
const NAMES_AT_ONCE = 500;

/**
 * A turn that reserved and was never written (its host died, or nobody knows) leaves tokens until the sweep, and recipients look full for so long. Before
 * a lot is told that there is nobody, what stands under the very offer it would make now is given back: that can be nobody's but such a turn's.
 * @param sought the lots as they were searched for
 * @returns whether there was any: then it is worth looking again
 */
export async function giveBackLeftovers(
  decision: Decision,
  sought: (after: Lot) => Lot,
  facts: Facts,
  held: Held,
  ports: CellPorts,
): Promise<boolean> {
  const names = decision.changes.flatMap(({ after, transitions }) => {
    if (!isForWantOfRoom(transitions.at(-1))) return [];
    const near = [...(facts.candidatesFor(sought(after)) ?? []), ...(facts.fallbacksFor(after) ?? [])];
    const offerId = offerIdOf(after.id, after.attempt + 1);
    return near.map(({ recipientId }) => ({ recipientId, offerId }));
  });
  let given = 0;
  for (let n = 0; n < names.length; n += NAMES_AT_ONCE)
    given += await ports.candidates.withdraw(names.slice(n, n + NAMES_AT_ONCE), held.epoch);
  return given > 0;
}

/** Who is closed, or does not take such food, would not take it either if it were empty; of the last resort nothing is noted. */
function isForWantOfRoom(step: Transition | undefined): boolean {
  const full: Infeasible = 'capacity';
  return step?.reason === 'no-candidate' && (step.detail === null || step.detail.includes(`"${full}"`));
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
