/** What the api needs of the world. Tests give fakes of these; main.ts gives the adapters. */
import type { ClaimedKey, KeyClaim } from '#adapters/postgres/sql/claimKey.ts';
import type { OfferFilter, OfferRead } from '#adapters/postgres/sql/readOffers.ts';
import type { SurplusRead } from '#adapters/postgres/sql/readSurplus.ts';
import type { SurplusFilter } from '#adapters/postgres/sql/listSurpluses.ts';
import type { Lot, Offer } from '#core/lots/lot.ts';
import type { OfferId, RecipientId } from '#core/words/ids.ts';

interface RowPlace {
  readonly regionId: string;
  readonly postedAt: string;
}

export interface LotReads {
  readonly readSurplus: (place: RowPlace & { readonly lotId: string }) => Promise<SurplusRead | null>;
  readonly listSurpluses: (filter: SurplusFilter) => Promise<Lot[]>;
  readonly readOffer: (place: RowPlace & { readonly offerId: string }) => Promise<OfferRead | null>;
  readonly listOffers: (filter: OfferFilter) => Promise<OfferRead[]>;
  readonly claimKey: (claim: KeyClaim) => Promise<ClaimedKey>;
}

export type HandoverCode = (offer: OfferId, recipient: RecipientId, generation: Offer['codeGeneration']) => string;
