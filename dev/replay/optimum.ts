/**
 * The best anybody could have done who knew the whole evening beforehand: every post, every cancellation, what each
 * recipient would have done with each post, and how long each phone and each answer would have taken.
 *
 * Kept: category, storage, opening hours, safe-until and its margin (by the core's own `feasibility`), time to be
 * notified, to think and to travel, the ACK time, cancellations, capacity per day, the part that a recipient takes of a post, at most.
 * Let go, so that it is an upper bound: a lot may be split among any number of recipients at any gram, all asked at once, at
 * no loss of time; stock (what is on its way at once) is never full; nobody is too far, and the list of the nearest has no end.
 *
 * It is a transport problem: maximise collected grams over (post, recipient, day), HiGHS solves it.
 */
import { freeGrams, type Candidate } from '#core/matching/candidate.ts';
import { feasibility, type Need } from '#core/matching/feasible.ts';
import { localDay } from '#core/matching/hours.ts';
import type { RecipientId } from '#core/words/ids.ts';
import type { Evening, Near, Reaction, ReplayPost } from './evening.ts';
import type { Handover, Outcome } from './outcome.ts';
import type { Column, Maximize } from './solver.ts';

/** Less than this is the solver's rounding. */
const LEAST_GRAMS = 0.5;
/** So much is travel worth, at most, of the grams: it chooses among optima, and costs at most this share of them. */
const TRAVEL_WEIGHT = 1e-4;
const FAR_METERS = 100_000;
/** A gram at the food bank of last resort is worth less than one at a recipient: it takes only what nobody else could. */
const BANK_WEIGHT = 0.5;
const DAY_MS = 86_400_000;

interface Arc extends Pick<Handover, 'postId' | 'recipientId' | 'distanceMeters' | 'travelSeconds'> {
  readonly postAtMs: number;
  readonly claimedAtMs: number;
  readonly collectedAtMs: number;
  readonly fallback: boolean;
  readonly day: string;
  readonly mostGrams: number;
}

export function hindsightOptimum(evening: Evening, maximize: Maximize): Outcome {
  const arcs = evening.posts.flatMap((post) => evening.nearTo(post).flatMap((near) => arcsOf(evening, post, near)));
  const limits = createLimits();
  const capacities = new Map(evening.recipients.map((each) => [each.recipientId, each.dailyCapacityGrams]));
  const posted = new Map(evening.posts.map((post) => [post.lotId, post.quantityGrams]));
  const columns = arcs.map((arc): Column => {
    const byPost = limits.of(arc.postId, posted.get(arc.postId) ?? 0);
    const byPair = limits.of(`${arc.postId} ${arc.recipientId}`, arc.mostGrams);
    const byDay = limits.of(`${arc.recipientId} ${arc.day}`, capacities.get(arc.recipientId) ?? 0);
    const value = (arc.fallback ? BANK_WEIGHT : 1) - (TRAVEL_WEIGHT * arc.distanceMeters) / FAR_METERS;
    return {
      value,
      upper: arc.mostGrams,
      whole: false,
      uses: [byPost, byPair, byDay].map((limit) => [limit, 1] as const),
    };
  });
  const grams = maximize({ columns, limits: limits.all });
  const taken = arcs.flatMap((arc, n) => ((grams[n] ?? 0) < LEAST_GRAMS ? [] : [{ ...arc, grams: grams[n] ?? 0 }]));
  return {
    handovers: taken,
    claimMs: taken.filter((each) => !each.fallback).map((each) => each.claimedAtMs - each.postAtMs),
    offers: taken.length,
  };
}

/** One a day on which it could have been collected: as the first offer went out, or the next day as the place opens. */
function arcsOf(evening: Evening, post: ReplayPost, near: Near): Arc[] {
  const reaction = evening.reactionTo(post.lotId, near.recipientId);
  const mostGrams = mostGramsOf(post, near, reaction, evening.policy.ackTimeoutMs);
  if (mostGrams === 0) return [];
  const days = new Map<string, Arc>();
  for (let fromMs = post.atMs; fromMs < post.safeUntilMs; fromMs = startOfNextDay(near.timeZone, fromMs)) {
    const offeredAtMs = firstOfferMs(post, near, fromMs);
    if (offeredAtMs === null) continue;
    const { travelSeconds, recipientId, distanceMeters, fallback } = near;
    const claimedAtMs = offeredAtMs + answeredAfterMs(reaction, fallback);
    const collectedAtMs = claimedAtMs + travelSeconds * 1000;
    const overMs = Math.min(post.safeUntilMs, post.cancelledAtMs ?? Number.POSITIVE_INFINITY);
    if (collectedAtMs > overMs) continue;
    const day = localDay(near.timeZone, collectedAtMs);
    const place = { postId: post.lotId, recipientId, distanceMeters, travelSeconds, fallback };
    days.set(day, { ...place, postAtMs: post.atMs, claimedAtMs, collectedAtMs, day, mostGrams, ...days.get(day) });
  }
  return [...days.values()];
}

function mostGramsOf(post: ReplayPost, near: Near, reaction: Reaction, ackTimeoutMs: number): number {
  const handed = post.quantityGrams * reaction.handedShare;
  if (near.fallback) return handed;
  const answers = reaction.does === 'accept' || reaction.does === 'part';
  if (!answers || reaction.releases || answeredAfterMs(reaction, false) > ackTimeoutMs) return 0;
  return handed * reaction.acceptedShare;
}

function answeredAfterMs(reaction: Reaction, fallback: boolean): number {
  return reaction.notifiedAfterMs + (fallback ? 0 : reaction.thinksMinutes * 60_000);
}

/** The first moment from `fromMs` on at which the core would have made the offer, were the recipient empty; null: never. */
export function firstOfferMs(post: ReplayPost, near: Near, fromMs: number): number | null {
  const empty: Candidate = { ...near, fallback: false, openGrams: 0, collectedTodayGrams: 0, collectedWeekGrams: 0 };
  if (freeGrams(empty) === 0) return null;
  const need: Need = { ...post, readyFromMs: post.atMs, tried: [] };
  const fit = feasibility(need, empty, fromMs);
  if (fit.feasible) return fromMs;
  if (fit.opensAtMs === null || fit.opensAtMs <= fromMs) return null;
  return feasibility(need, empty, fit.opensAtMs).feasible ? fit.opensAtMs : null;
}

function startOfNextDay(timeZone: string, atMs: number): number {
  const day = localDay(timeZone, atMs);
  let low = atMs;
  let high = atMs + DAY_MS + 1;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (localDay(timeZone, middle) === day) low = middle;
    else high = middle;
  }
  return high;
}

/** Who could have been offered anything at all this evening, whatever they would have answered: fairness is among them. */
export function reachable(evening: Evening): ReadonlySet<RecipientId> {
  const reached = new Set<RecipientId>();
  for (const post of evening.posts)
    for (const near of evening.nearTo(post))
      if (!near.fallback && !reached.has(near.recipientId) && firstOfferMs(post, near, post.atMs) !== null)
        reached.add(near.recipientId);
  return reached;
}

function createLimits(): { readonly all: number[]; of(name: string, limit: number): number } {
  const all: number[] = [];
  const rows = new Map<string, number>();
  return {
    all,
    of: (name, limit) => {
      const row = rows.get(name) ?? all.push(limit) - 1;
      rows.set(name, row);
      return row;
    },
  };
}
