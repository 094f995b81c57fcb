/** A small world for tests of the pure core: recipients whose counters follow from the lots, spare ids, a codebook. */
import assert from 'node:assert/strict';
import { policyOf } from './policy.ts';
import type { Command, Post } from './command.ts';
import { decide, type Decision } from './decide.ts';
import { currentOffer, type Lot } from './lot.ts';
import type { Facts } from './turn.ts';
import { haversineMeters, estimateTravelSeconds } from '../geo/distance.ts';
import type { Candidate, Recipient } from '../matching/candidate.ts';
import type { CellToken, DonorId, LotId, OfferId, RecipientId } from '../words/ids.ts';
import { lotIdOf } from '../words/ids.ts';

export const CELL = '46920bd' as CellToken;
export const START_MS = Date.UTC(2026, 10, 21, 18, 0, 0);
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const ALWAYS: readonly (readonly [number, number])[] = [[0, 10_080]];

export function recipientNamed(name: string, change: Partial<Recipient> = {}): Recipient {
  return {
    recipientId: name as RecipientId,
    name,
    lat: 60.17,
    lon: 24.94,
    active: true,
    fallback: false,
    categories: ['prepared', 'bakery'],
    storages: ['ambient', 'chilled', 'hot'],
    needs: {},
    hours: ALWAYS,
    timeZone: 'Europe/Helsinki',
    travelMode: 'bicycle',
    capacityGrams: 50_000,
    dailyCapacityGrams: 100_000,
    weeklyNeedGrams: 200_000,
    ...change,
  };
}

/** The n-th id of a series, with a time in it. */
export function lotIdNumber(n: number, atMs = START_MS): LotId {
  const time = atMs.toString(16).padStart(12, '0');
  const rest = n.toString(16).padStart(12, '0');
  return lotIdOf(CELL, `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${rest}`);
}

export interface World {
  nowMs: number;
  readonly lots: Map<LotId, Lot>;
  readonly recipients: Recipient[];
  /** false: Redis is being rebuilt */
  ready: boolean;
  /** false: asked for the food bank Redis gives no answer, though it did a moment ago */
  bankAnswers: boolean;
  readonly collectedGrams: Map<RecipientId, number>;
  readonly ackTimeoutMs: number;
  ids: number;
  run(...commands: Command[]): Decision;
}

export function createWorld(recipients: Recipient[], ackTimeoutMs = 5 * MINUTE_MS): World {
  const world: World = {
    nowMs: START_MS,
    lots: new Map(),
    recipients,
    ready: true,
    bankAnswers: true,
    collectedGrams: new Map(),
    ackTimeoutMs,
    ids: 1_000,
    run(...commands) {
      const decision = decide(world.lots, commands, factsOf(world, commands.length), world.nowMs);
      for (const { after } of decision.changes) world.lots.set(after.id, after);
      for (const each of decision.collected) {
        const had = world.collectedGrams.get(each.recipientId) ?? 0;
        world.collectedGrams.set(each.recipientId, had + each.quantityGrams);
      }
      return decision;
    },
  };
  return world;
}

export function openGramsOf(world: World, recipientId: string): number {
  let grams = 0;
  for (const lot of world.lots.values()) {
    const offer = currentOffer(lot);
    if (offer?.recipientId === recipientId) grams += offer.quantityGrams;
  }
  return grams;
}

function factsOf(world: World, commands: number): Facts {
  // as in a real turn: made a moment before it is decided
  const newLotIds = Array.from({ length: commands * 2 }, () => lotIdNumber(world.ids++, world.nowMs - 7));
  const seen = (lot: Lot, recipient: Recipient): Candidate => ({
    ...recipient,
    distanceMeters: haversineMeters(lot, recipient),
    travelSeconds: estimateTravelSeconds(lot, recipient, recipient.travelMode),
    travelSource: 'estimate',
    openGrams: openGramsOf(world, recipient.recipientId),
    collectedTodayGrams: world.collectedGrams.get(recipient.recipientId) ?? 0,
    collectedWeekGrams: world.collectedGrams.get(recipient.recipientId) ?? 0,
  });
  return {
    policy: policyOf(world.ackTimeoutMs),
    candidatesFor: (lot) => (world.ready ? world.recipients.map((each) => seen(lot, each)) : null),
    fallbacksFor: (lot) =>
      world.ready && world.bankAnswers
        ? world.recipients.filter((each) => each.fallback).map((each) => seen(lot, each))
        : null,
    candidateNamed: (lot, id) => {
      const recipient = world.recipients.find((each) => each.recipientId === id);
      if (!world.ready) return null;
      return recipient === undefined ? undefined : seen(lot, recipient);
    },
    newLotId: (n) => newLotIds[n] ?? assert.fail('more children than commands can have'),
    handoverCode: codeOf,
  };
}

export function codeOf(offer: OfferId, _recipient: RecipientId, generation: number): string {
  return `${String(generation)}${offer.slice(-4)}`.padStart(8, '0');
}

export function postOf(n: number, change: Partial<Post> = {}): Post {
  return {
    kind: 'post',
    id: `post-${String(n)}`,
    fingerprint: `f${String(n)}`,
    lotId: lotIdNumber(n),
    donorId: 'donor-1' as DonorId,
    lat: 60.17,
    lon: 24.94,
    category: 'prepared',
    storage: 'chilled',
    quantityGrams: 10_000,
    servings: 20,
    readyFromMs: null,
    safeUntilMs: START_MS + 3 * HOUR_MS,
    note: null,
    ...change,
  };
}

/** The lot's current offer and its recipient; throws when there is none: the test expected one. */
export function offerOf(
  world: World,
  lotId: LotId,
): { offerId: OfferId; recipientId: RecipientId; code: string; grams: number } {
  const lot = world.lots.get(lotId);
  const offer = lot === undefined ? null : currentOffer(lot);
  if (offer === null) throw new Error(`lot ${lotId} is ${String(lot?.state)} and has no offer`);
  const code = codeOf(offer.id, offer.recipientId, offer.codeGeneration);
  return { offerId: offer.id, recipientId: offer.recipientId, code, grams: offer.quantityGrams };
}
