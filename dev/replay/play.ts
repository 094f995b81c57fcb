/** Plays an evening through the real `decide` on virtual time: posts, offers, answers, lapses, rematches, handovers. */
import type { Answer, Command } from '#core/lots/command.ts';
import { lotIdOfCommand } from '#core/lots/command.ts';
import { decide, type LotChange } from '#core/lots/decide.ts';
import { currentOffer, type Lot, type Offer, type Transition } from '#core/lots/lot.ts';
import { MAX_TRIES } from '#core/lots/policy.ts';
import type { Facts } from '#core/lots/turn.ts';
import type { Candidate } from '#core/matching/candidate.ts';
import { cellOf, type LotId } from '#core/words/ids.ts';
import { portionOf } from '../simulate/behaviour.ts';
import { createCounters, type Counters } from './counters.ts';
import { lotIdAt, type Evening, type Reaction, type ReplayPost } from './evening.ts';
import type { Narrow } from './policies.ts';
import { createTimeline, type Timeline } from './timeline.ts';

export interface Game {
  readonly evening: Evening;
  readonly timeline: Timeline;
  readonly counters: Counters;
  readonly lots: Map<LotId, Lot>;
  /** the lots of each post, by the post's id */
  readonly families: Map<LotId, Map<LotId, Lot>>;
  /** lots whose offer no phone has shown yet */
  readonly unseen: Set<LotId>;
  /** every step of every lot, oldest first */
  readonly history: Transition[];
  readonly narrow: Narrow;
  /** called after each turn that changed something */
  readonly afterTurn: (game: Game, changes: readonly LotChange[]) => void;
  ids: number;
}

/** RematchRequired through outbox, stream and worker. */
const REMATCH_MS = 100;
/** As in the index: so many of the nearest are looked at, one for each of these metres of radius. */
const METERS_PER_CANDIDATE = 250;
const MIN_CANDIDATES = 32;
/** The food bank of last resort may be this far. */
const FALLBACK_RADIUS_METERS = 300_000;
/** More than one command makes. */
const MOST_CHILDREN = 4;

export type Played = Pick<Game, 'lots' | 'history'>;

export function play(evening: Evening, narrow: Narrow, afterTurn: Game['afterTurn'] = () => undefined): Played {
  const game: Game = {
    evening,
    narrow,
    afterTurn,
    timeline: createTimeline(),
    counters: createCounters(evening.recipients),
    lots: new Map(),
    families: new Map(),
    unseen: new Set(),
    history: [],
    ids: evening.posts.length,
  };
  for (const post of evening.posts) {
    game.timeline.at(post.atMs, () => turn(game, postCommand(post)));
    if (post.cancelledAtMs !== null) game.timeline.at(post.cancelledAtMs, () => turn(game, cancelCommand(post)));
  }
  game.timeline.run();
  return game;
}

function postCommand(post: ReplayPost): Command {
  const { lotId, donorId, lat, lon, category, storage, quantityGrams, safeUntilMs } = post;
  const food = { category, storage, quantityGrams, servings: null, readyFromMs: null, safeUntilMs, note: null };
  return { kind: 'post', id: `post:${lotId}`, fingerprint: null, lotId, donorId, lat, lon, ...food };
}

function cancelCommand({ lotId, donorId }: ReplayPost): Command {
  return { kind: 'cancel', id: `cancel:${lotId}`, fingerprint: null, lotId, donorId, ifVersion: null };
}

/** One command, one turn. */
export function turn(game: Game, command: Command, narrow = game.narrow): Answer | undefined {
  const lotId = lotIdOfCommand(command);
  const rootId = game.lots.get(lotId)?.rootId ?? lotId;
  const family = game.families.get(rootId) ?? new Map<LotId, Lot>();
  const decision = decide(family, [command], factsOf(game, command, narrow), game.timeline.nowMs());
  game.counters.change(decision.changes, decision.collected);
  for (const change of decision.changes) {
    keep(game, change.after);
    game.history.push(...change.transitions);
    follow(game, change);
  }
  if (decision.changes.length > 0) game.afterTurn(game, decision.changes);
  return decision.answers.get(command.id);
}

export function keep(game: Game, lot: Lot): void {
  game.lots.set(lot.id, lot);
  const family = game.families.get(lot.rootId) ?? new Map<LotId, Lot>();
  game.families.set(lot.rootId, family.set(lot.id, lot));
}

function factsOf(game: Game, command: Command, narrow: Narrow): Facts {
  const nowMs = game.timeline.nowMs();
  const cell = cellOf(lotIdOfCommand(command));
  const firstId = game.ids;
  game.ids += MOST_CHILDREN;
  return {
    policy: game.evening.policy,
    // nobody steers a replay
    candidateNamed: () => null,
    candidatesFor: (lot) => narrow(lot, candidatesFor(game, lot), nowMs),
    fallbacksFor: (lot) =>
      game.evening
        .nearTo(lot)
        .filter((near) => near.fallback && near.distanceMeters <= FALLBACK_RADIUS_METERS)
        .map((bank) => game.counters.seen(bank, nowMs)),
    newLotId: (n) => lotIdAt(cell, nowMs, firstId + n),
    handoverCode: () => '00000000',
  };
}

export function candidatesFor(game: Game, lot: Lot): readonly Candidate[] {
  const most = Math.max(MIN_CANDIDATES, Math.ceil(lot.radiusMeters / METERS_PER_CANDIDATE));
  return game.evening
    .nearTo(lot)
    .filter((near) => !near.fallback && near.distanceMeters <= lot.radiusMeters)
    .slice(0, most)
    .map((near) => game.counters.seen(near, game.timeline.nowMs()));
}

/** What a change sets going: the next wake, the rematch by event, the push to a phone. */
export function follow(game: Game, { before, after, rematchRequired }: LotChange): void {
  const { timeline } = game;
  const { id: lotId, version } = after;
  if (after.nextActionAtMs !== null && after.nextActionAtMs !== before?.nextActionAtMs)
    timeline.at(after.nextActionAtMs, () => wake(game, lotId));
  if (rematchRequired) {
    const kind = after.tries < MAX_TRIES ? 'rematch' : 'fallback';
    const id = `${kind}:${lotId}:${String(version)}`;
    timeline.at(timeline.nowMs() + REMATCH_MS, () => turn(game, { kind, id, fingerprint: null, lotId, version }));
  }
  const offer = currentOffer(after);
  if (offer === null || offer.state !== 'open' || offer.id === (before === null ? null : currentOffer(before)?.id))
    return;
  const reaction = game.evening.reactionTo(after.rootId, offer.recipientId);
  game.unseen.add(lotId);
  timeline.at(timeline.nowMs() + reaction.notifiedAfterMs, () => {
    if (currentOf(game, lotId)?.id === offer.id) see(game, lotId, offer, reaction);
  });
}

function wake(game: Game, lotId: LotId): void {
  const dueMs = game.lots.get(lotId)?.nextActionAtMs ?? Number.POSITIVE_INFINITY;
  if (dueMs <= game.timeline.nowMs()) turn(game, { kind: 'wake', id: `wake:${lotId}`, fingerprint: null, lotId });
}

/** The phone shows the offer; a while later its owner answers, or doesn't. */
function see(game: Game, lotId: LotId, offer: Offer, reaction: Reaction): void {
  const { timeline } = game;
  game.unseen.delete(lotId);
  if (offer.fallback) {
    setOut(game, offer, offer.quantityGrams, reaction);
    return;
  }
  if (reaction.does === 'silent') return;
  const on = { id: `answer:${offer.id}`, fingerprint: null, offerId: offer.id, recipientId: offer.recipientId };
  timeline.at(timeline.nowMs() + reaction.thinksMinutes * 60_000, () => {
    if (reaction.does === 'decline') {
      turn(game, { kind: 'decline', ...on, reason: 'no driver tonight' });
      return;
    }
    const grams = portionOf(offer.quantityGrams, reaction.acceptedShare);
    if (turn(game, { kind: 'accept', ...on, quantityGrams: grams })?.ok === true) setOut(game, offer, grams, reaction);
  });
}

function setOut(game: Game, offer: Offer, grams: number, reaction: Reaction): void {
  const { timeline } = game;
  const on = { id: `arrive:${offer.id}`, fingerprint: null, offerId: offer.id, recipientId: offer.recipientId };
  timeline.at(timeline.nowMs() + offer.travelSeconds * 1000, () => {
    const handed = portionOf(grams, reaction.handedShare);
    const releases = reaction.releases && !offer.fallback;
    if (releases) turn(game, { kind: 'release', ...on, reason: 'the bicycle broke' });
    else turn(game, { kind: 'handover', ...on, code: '00000000', quantityGrams: handed });
  });
}

function currentOf(game: Game, lotId: LotId): Offer | null {
  const lot = game.lots.get(lotId);
  return lot === undefined ? null : currentOffer(lot);
}
