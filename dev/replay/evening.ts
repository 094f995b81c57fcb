/** Everything about an evening that no policy can change: who is where, who posts what and when, who would answer what. */
import { cellAt } from '#adapters/geo/s2.ts';
import { estimateTravelSeconds, haversineMeters, type Place } from '#core/geo/distance.ts';
import { policyOf, type Policy } from '#core/lots/policy.ts';
import type { Candidate, Recipient } from '#core/matching/candidate.ts';
import { utcOffsetMinutes } from '#core/matching/hours.ts';
import type { Category, Storage } from '#core/words/food.ts';
import { lotIdOf, type CellToken, type DonorId, type LotId, type RecipientId } from '#core/words/ids.ts';
import type { City } from '../../data/seed/organisation.ts';
import { behaviourTo, type Behaviour } from '../simulate/behaviour.ts';
import { planEvening, type PlannedPost } from '../simulate/evening.ts';
import { createDice, type Dice } from '../simulate/random.ts';
import type { Settings } from '../simulate/settings.ts';

export interface ReplayPost extends Place {
  readonly lotId: LotId;
  readonly donorId: DonorId;
  /** unix ms */
  readonly atMs: number;
  readonly category: Category;
  readonly storage: Storage;
  readonly quantityGrams: number;
  readonly safeUntilMs: number;
  /** unix ms; null: not cancelled */
  readonly cancelledAtMs: number | null;
}

/** A recipient as a place sees it, without its counters. */
export type Near = Omit<Candidate, 'openGrams' | 'collectedTodayGrams' | 'collectedWeekGrams'>;

/** What somebody does with an offer of a post, and how long it takes until the phone shows it. */
export interface Reaction extends Behaviour {
  readonly notifiedAfterMs: number;
}

export interface Evening {
  readonly policy: Policy;
  readonly posts: readonly ReplayPost[];
  readonly recipients: readonly Recipient[];
  /** nearest first; the food bank of last resort among them */
  readonly nearTo: (place: Place) => readonly Near[];
  /** whoever asks, and however often: the same person does the same with the same post */
  readonly reactionTo: (post: LotId, recipient: RecipientId) => Reaction;
}

export interface EveningOptions {
  readonly settings: Settings;
  readonly ackTimeoutMs: number;
  /** 0 to 1 */
  readonly offlineShare: number;
}

/** A Monday; the evenings of a replay fall on its days in turn. */
const MONDAY_MS = Date.UTC(2026, 10, 16);
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** The evening begins at six, local time. */
const BEGINS_MS = 18 * 60 * MINUTE_MS;
/** A phone that is online shows an offer after 0.1 to 2 s; one that is not, after 1 to 10 min. */
const NOTIFIED_MS = [100, 2_000] as const;
const OFFLINE_MS = [MINUTE_MS, 10 * MINUTE_MS] as const;

export function eveningOf(city: City, day: number, { settings, ackTimeoutMs, offlineShare }: EveningOptions): Evening {
  const dice = createDice(settings.seed);
  const timeZone = city.donors[0]?.timeZone ?? 'UTC';
  const localMs = MONDAY_MS + (day % 7) * DAY_MS + BEGINS_MS;
  const beginsMs = localMs - utcOffsetMinutes(timeZone, localMs) * MINUTE_MS;
  const donors = new Map(city.donors.map((donor) => [donor.id, donor]));
  const plan = planEvening(settings, city.donors);
  const recipients = city.recipients.map((each) => ({ ...each, recipientId: each.id as RecipientId, active: true }));
  return {
    policy: policyOf(ackTimeoutMs),
    posts: plan.flatMap((planned, n) => {
      const place = donors.get(planned.donorId);
      return place === undefined ? [] : [postOf(planned, place, beginsMs, n)];
    }),
    recipients,
    nearTo: nearestOf(recipients),
    reactionTo: (post, recipient) => ({
      ...behaviourTo(settings, dice, post, recipient),
      notifiedAfterMs: notifiedAfterMs(dice, post, recipient, offlineShare),
    }),
  };
}

function postOf(planned: PlannedPost, place: Place, beginsMs: number, n: number): ReplayPost {
  const atMs = Math.round(beginsMs + planned.atMs);
  return {
    lat: place.lat,
    lon: place.lon,
    lotId: lotIdAt(cellAt(place), atMs, n),
    donorId: planned.donorId as DonorId,
    atMs,
    category: planned.category as Category,
    storage: planned.storage as Storage,
    quantityGrams: planned.quantityGrams,
    safeUntilMs: atMs + planned.safeForMinutes * MINUTE_MS,
    cancelledAtMs: planned.cancelAfterMs === null ? null : atMs + Math.round(planned.cancelAfterMs),
  };
}

/** The n-th id of an evening, with a time in it as uuid v7 has it. */
export function lotIdAt(cell: CellToken, atMs: number, n: number): LotId {
  const time = atMs.toString(16).padStart(12, '0');
  return lotIdOf(cell, `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${n.toString(16).padStart(12, '0')}`);
}

function nearestOf(recipients: readonly Recipient[]): Evening['nearTo'] {
  const known = new Map<string, readonly Near[]>();
  return (place) => {
    const key = `${String(place.lat)},${String(place.lon)}`;
    const near = known.get(key) ?? nearest(recipients, place);
    known.set(key, near);
    return near;
  };
}

function nearest(recipients: readonly Recipient[], place: Place): readonly Near[] {
  return recipients
    .map((recipient) => ({
      ...recipient,
      distanceMeters: haversineMeters(place, recipient),
      travelSeconds: estimateTravelSeconds(place, recipient, recipient.travelMode),
      travelSource: 'estimate' as const,
    }))
    .sort((a, b) => a.distanceMeters - b.distanceMeters);
}

function notifiedAfterMs(dice: Dice, post: LotId, recipient: RecipientId, offlineShare: number): number {
  const offline = dice('offline', post, recipient) < offlineShare;
  const [from, to] = offline ? OFFLINE_MS : NOTIFIED_MS;
  return Math.round(from + dice('notified', post, recipient) * (to - from));
}
