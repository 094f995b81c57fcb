/** What the notifier asks PostgreSQL, asked together: statements per region and batch instead of five per event. */
import type { Pool } from 'pg';
import { askTogether } from '#adapters/batching/askTogether.ts';
import {
  markOffersNotified,
  readAppliedVersions,
  readOfferProofs,
  recordAppliedVersions,
  type AppliedVersion,
  type OfferProof,
} from '#adapters/postgres/sql/notifyProof.ts';
import { findPhones, type PhoneRow } from '#adapters/postgres/sql/phoneNumbers.ts';
import {
  findPushSubscriptions,
  type PushSubscriptionRow,
  type SubscriberKey,
} from '#adapters/postgres/sql/pushSubscriptions.ts';
import type { NotifyPorts, OfferPlace } from './notify.ts';

/**
 * Statements of one kind in flight, and how much later a push may be for the sake of fuller ones: 5 ms where events of a region are rare,
 * 40 ms where one follows the other.
 */
const LIMITS = { maxInFlight: 2, maxBatch: 128, lingerMs: 5, paceMs: 40 } as const;
const CONSUMER = 'notify';

/** Rows of the subscriptions of one organisation. */
export function createSubscriptions(
  pool: Pool,
): (role: string, organisationId: string) => Promise<PushSubscriptionRow[]> {
  const find = askTogether<'all', SubscriberKey, PushSubscriptionRow[]>({
    ...LIMITS,
    run: (_, subscribers) => findPushSubscriptions(pool, subscribers),
  });
  return (role, organisationId) => find('all', { role, organisationId });
}

/** The number of one recipient. */
export function createPhones(pool: Pool): (recipientId: string) => Promise<PhoneRow | null> {
  const find = askTogether<'all', string, PhoneRow | null>({
    ...LIMITS,
    run: (_, recipientIds) => findPhones(pool, recipientIds),
  });
  return (recipientId) => find('all', recipientId);
}

export function createProofs(pool: Pool): Pick<NotifyPorts, 'proofOf' | 'prove' | 'appliedVersion' | 'recordVersion'> {
  const proofOf = askTogether<string, OfferPlace, OfferProof | null>({
    ...LIMITS,
    run: (region, offers) => readOfferProofs(pool, region, offers),
  });
  const prove = askTogether<string, OfferPlace, void>({
    ...LIMITS,
    run: async (region, offers) => {
      await markOffersNotified(pool, region, offers);
      return [];
    },
  });
  const appliedVersion = askTogether<string, string, number>({
    ...LIMITS,
    run: (region, lotIds) => readAppliedVersions(pool, CONSUMER, region, lotIds),
  });
  const recordVersion = askTogether<string, AppliedVersion, void>({
    ...LIMITS,
    run: async (region, applied) => {
      await recordAppliedVersions(pool, CONSUMER, region, applied);
      return [];
    },
  });
  return {
    proofOf: (offer) => proofOf(offer.region, offer),
    prove: (offer) => prove(offer.region, offer),
    appliedVersion,
    recordVersion: (region, lotId, version) => recordVersion(region, { lotId, version }),
  };
}
