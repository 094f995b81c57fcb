/** The notifier's rows, asked and written together: one statement per region and batch instead of four per event. */
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
import type { NotifyPorts, OfferPlace } from './notify.ts';

/** Statements of one kind in flight; the consumer handles 64 events at once. */
const LIMITS = { maxInFlight: 2, maxBatch: 64 } as const;
const CONSUMER = 'notify';

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
