/**
 * Improving unanswered offers: offers that no phone has shown yet may still be taken back. After each turn with a new one they
 * are solved again, all of them at once, as one assignment. It sees the whole city, where a cell would see its own
 * lots only, and knows at once what has been shown: what it gains here is the most it could gain in the product.
 */
import { currentOffer, type Lot, type Offer } from '#core/lots/lot.ts';
import { freeGrams, shareOf, type Candidate } from '#core/matching/candidate.ts';
import { rank } from '#core/matching/rank.ts';
import type { OfferId, RecipientId } from '#core/words/ids.ts';
import { candidatesFor, turn, type Game } from './play.ts';
import type { Column, Maximize } from './solver.ts';
import { takeBack } from './takeBack.ts';

/** What re-solving came to in one evening. */
export interface Improved {
  /** assignments of two or more lots */
  solved: number;
  /** offers taken back for another recipient */
  moved: number;
}

interface Unseen {
  readonly lot: Lot;
  readonly offer: Offer;
}
interface Pair extends Unseen {
  readonly candidate: Candidate;
  readonly score: number;
}

/** An offer somewhere is worth more than any ranking of it. */
const PLACED = 10;
/** How much score a whole week's need of share is worth: 0.1 of share as much as `rank` lets fairness cost. */
const FAIRNESS = 1.5;
/** Share rises as a recipient is given more: in steps of this. */
const SHARE_STEP = 0.02;
const SHARE_STEPS = 10;

/** @param improved counts what happens */
export function improveUnanswered(maximize: Maximize, improved: Improved): Game['afterTurn'] {
  const checked = new Set<OfferId>();
  return (game, changes) => {
    const fresh = changes.flatMap(({ after }) => currentOffer(after) ?? []).filter((offer) => !checked.has(offer.id));
    for (const offer of fresh) checked.add(offer.id);
    if (fresh.length === 0) return;
    const unseen = unseenOf(game);
    if (unseen.length < 2) return;
    improved.solved++;
    const moves = assign(game, unseen, maximize).filter(
      (pair) => pair.candidate.recipientId !== pair.offer.recipientId,
    );
    improved.moved += moves.length;
    for (const { lot, offer } of moves) takeBack(game, lot, offer, lot.tried);
    for (const { lot, candidate } of moves) offerTo(game, lot, candidate.recipientId, checked);
  };
}

function unseenOf({ unseen, lots }: Game): Unseen[] {
  return [...unseen].flatMap((id) => {
    const lot = lots.get(id);
    const offer = lot === undefined || lot.deadLettered ? null : currentOffer(lot);
    return lot === undefined || offer === null ? [] : [{ lot, offer }];
  });
}

function assign(game: Game, unseen: readonly Unseen[], maximize: Maximize): Pair[] {
  const held = new Map<RecipientId, number>();
  for (const { offer } of unseen) held.set(offer.recipientId, (held.get(offer.recipientId) ?? 0) + offer.quantityGrams);
  const pairs = unseen.flatMap((each) => pairsOf(game, each, held));
  const people = new Map(pairs.map(({ candidate }) => [candidate.recipientId, candidate]));
  const rowOf = new Map([...people.keys()].map((id, n) => [id, unseen.length + n]));
  const limits = [...unseen.map(() => 1), ...[...people.values()].map(() => 0)];
  const choices = pairs.map(({ lot, candidate, score }): Column => {
    const kg = lot.quantityGrams / 1000;
    const given = [rowOf.get(candidate.recipientId) ?? 0, kg] as const;
    return {
      value: kg * (PLACED + score),
      upper: 1,
      whole: true,
      uses: [[unseen.findIndex((each) => each.lot.id === lot.id), 1], given],
    };
  });
  const steps = [...people].flatMap(([id, candidate]) => roomOf(candidate, rowOf.get(id) ?? 0));
  const taken = maximize({ columns: [...choices, ...steps], limits });
  return pairs.filter((_, n) => (taken[n] ?? 0) > 0.5);
}

/** Who could take the whole lot, were none of these offers made. */
function pairsOf(game: Game, { lot, offer }: Unseen, held: ReadonlyMap<RecipientId, number>): Pair[] {
  return candidatesFor(game, lot).flatMap((candidate) => {
    const without = { ...candidate, openGrams: candidate.openGrams - (held.get(candidate.recipientId) ?? 0) };
    const { choice } = rank(lot, [without], game.timeline.nowMs());
    if (choice === null || choice.grams < lot.quantityGrams) return [];
    return [{ lot, offer, candidate: without, score: choice.score }];
  });
}

/** A recipient's free room in steps, each dearer than the one before by what its share has risen to. */
function roomOf(candidate: Candidate, row: number): Column[] {
  const freeKg = freeGrams(candidate) / 1000;
  const stepKg = (candidate.weeklyNeedGrams * SHARE_STEP) / 1000;
  return Array.from({ length: SHARE_STEPS + 1 }, (_, n) => ({
    value: -FAIRNESS * (shareOf(candidate) + n * SHARE_STEP),
    upper: Math.max(0, n === SHARE_STEPS ? freeKg - n * stepKg : Math.min(stepKg, freeKg - n * stepKg)),
    whole: false,
    uses: [[row, -1]],
  }));
}

function offerTo(game: Game, lot: Lot, recipientId: RecipientId, checked: Set<OfferId>): void {
  const version = lot.version + 1;
  checked.add(`${lot.id}-${String(lot.attempt + 1)}` as OfferId);
  const command = { kind: 'rematch', id: `improve:${lot.id}`, fingerprint: null, lotId: lot.id, version } as const;
  turn(game, command, (_, candidates) => candidates.filter((each) => each.recipientId === recipientId));
}
