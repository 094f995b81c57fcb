/** What the notifier asks PostgreSQL, asked together: statements per batch instead of five per event. */
import type { Pool } from 'pg';
import { askTogether } from '#adapters/batching/askTogether.ts';
import {
  markOffersNotified,
  readAppliedVersions,
  readOfferProofs,
  recordAppliedVersions,
  type AppliedVersion,
  type LotKey,
} from '#adapters/postgres/sql/notifyProof.ts';
import { askByGroup, createGroups } from '#adapters/postgres/groups.ts';
import { findPhones, type PhoneRow } from '#adapters/postgres/sql/phoneNumbers.ts';
import {
  findPushSubscriptions,
  type PushSubscriptionRow,
  type SubscriberKey,
} from '#adapters/postgres/sql/pushSubscriptions.ts';
import type { NotifyPorts, OfferPlace } from './notify.ts';

/**
 * How much later a push may be for the sake of fuller ones: 5 ms where events are rare,
 * 40 ms where one follows the other.
 */
const LIMITS = { maxInFlight: 2, maxBatch: 500, lingerMs: 5, paceMs: 40 } as const;
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
  const groups = createGroups(pool);
  const together = <Item extends { readonly region: string }, Answer>(
    run: (items: readonly Item[]) => Promise<readonly Answer[]>,
  ): ((item: Item) => Promise<Answer>) => askByGroup(groups, LIMITS, run);
  const appliedVersion = together((lots: readonly LotKey[]) => readAppliedVersions(pool, CONSUMER, lots));
  const recordVersion = together(async (applied: readonly AppliedVersion[]): Promise<void[]> => {
    await recordAppliedVersions(pool, CONSUMER, applied);
    return [];
  });
  return {
    proofOf: together((offers: readonly OfferPlace[]) => readOfferProofs(pool, offers)),
    prove: together(async (offers: readonly OfferPlace[]): Promise<void[]> => {
      await markOffersNotified(pool, offers);
      return [];
    }),
    appliedVersion: (region, lotId) => appliedVersion({ region, lotId }),
    recordVersion: (region, lotId, version) => recordVersion({ region, lotId, version }),
  };
}
