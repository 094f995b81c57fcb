import { Counter, Histogram, type Registry } from 'prom-client';
import type { Decision } from '#core/lots/decide.ts';
import { happeningsOf } from './happenings.ts';

const GRAMS_PER_TON = 1e6;
/** The objective is 0.5: it must be a bucket. */
const MATCH_SECONDS = [0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2, 5, 30, 300];
const CLAIM_SECONDS = [1, 5, 15, 30, 60, 120, 300, 600, 1_200, 3_600, 7_200, 21_600];
const POSTS = ['offered', 'nobody', 'waiting'] as const;
/** What moves an offer; of a lot's other steps none is counted. */
const OFFERS = [
  'matched',
  'fallback',
  'accepted',
  'declined',
  'lapsed',
  'released',
  'not-collected',
  'reminded',
  'collected',
  'expired',
  'cancelled',
  'replayed',
  'assigned',
  'withdrawn',
  'extended',
] as const;

/**
 * What becomes of the food, counted by the host that wrote it, after it is written: once, however often a command or an event
 * comes again. A host that dies between the write and the count loses the count; the ledger in PostgreSQL is the truth.
 */
export function createFoodMetrics(registry: Registry): (decision: Decision, nowMs: number) => void {
  const registers = [registry];
  const { posts, offers } = outcomeCounters(registers);
  const match = new Histogram({
    name: 'surplus_match_latency_seconds',
    help: 'From a post to its first offer',
    buckets: MATCH_SECONDS,
    registers,
  });
  const claim = new Histogram({
    name: 'surplus_claim_latency_seconds',
    help: 'From a post to each claim of it or of a part of it',
    buckets: CLAIM_SECONDS,
    registers,
  });
  const depth = new Histogram({
    name: 'surplus_rematch_depth',
    help: 'Offers of a lot before the one that was claimed, or that went to the food bank of last resort',
    buckets: [0, 1, 2, 3, 5, 10],
    registers,
  });
  const tons = new Counter({
    name: 'food_waste_prevented_tons_total',
    help: 'Metric tons handed over',
    registers,
  });
  return (decision, nowMs) => {
    const done = happeningsOf(decision, nowMs);
    for (const outcome of done.posts) posts.inc({ outcome });
    for (const outcome of done.offers) offers.inc({ outcome });
    for (const ms of done.matchedMs) match.observe(ms / 1000);
    for (const ms of done.claimedMs) claim.observe(ms / 1000);
    for (const offersBefore of done.rematches) depth.observe(offersBefore);
    tons.inc(done.collectedGrams / GRAMS_PER_TON);
  };
}

/** Each outcome stands there from the start, at 0: the first of a kind is an increase, not a series that begins at 1. */
function outcomeCounters(registers: Registry[]): { posts: Counter; offers: Counter } {
  const labelNames = ['outcome'];
  const posts = new Counter({
    name: 'surplus_posts_total',
    help: 'Posts by what became of them at once; nobody: no recipient can take it now; waiting: the candidates are being rebuilt',
    labelNames,
    registers,
  });
  const offers = new Counter({
    name: 'matching_offers_total',
    help: 'Steps of offers: made (matched, fallback), answered, lapsed, given back, collected, ended',
    labelNames,
    registers,
  });
  for (const outcome of POSTS) posts.inc({ outcome }, 0);
  for (const outcome of OFFERS) offers.inc({ outcome }, 0);
  return { posts, offers };
}
