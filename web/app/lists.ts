/** What each role looks at. */
import { isEnd, type LotState } from '#core/lots/lot.ts';
import type { OfferView, SurplusView } from '#core/lots/view.ts';
import { read } from '../engine/api.ts';
import { readPages, type Page } from './pages.ts';
import { createSeen } from './seen.ts';

export interface Contact {
  readonly name?: string;
  readonly phone?: string;
  readonly email?: string;
  readonly note?: string;
}

export interface Offer extends OfferView {
  readonly surplus: Omit<SurplusView, 'offer' | 'lots'>;
  readonly donor?: { readonly id: string; readonly name: string | null; readonly contact: Contact | null };
}

export interface Step {
  readonly version: number;
  readonly from: string | null;
  readonly to: LotState;
  readonly reason: string;
  readonly offerId: string | null;
  readonly recipientId: string | null;
  readonly detail: string | null;
  readonly quantityGrams: number;
  readonly at: string;
}
/** A lot as operators see it. */
export type NamedSurplus = SurplusView & { readonly donorName?: string };

export type SurplusWithHistory = NamedSurplus & {
  /** for operators: who was asked, oldest first */
  readonly offers?: readonly OfferView[];
  readonly history: readonly Step[];
};

/** More than a thousand cards nobody looks through, on a phone least of all. */
const MOST_PAGES = 10;

/** Open and claimed ones however old, and the latest of the rest. */
export const offers = createSeen<readonly Offer[]>('offers', async () => {
  const pages = await Promise.all([
    // The server gives the newest first: the last page holds those that spoil first.
    readPages<Offer>('/v1/offers?state=open', { read, mostPages: MOST_PAGES }),
    readPages<Offer>('/v1/offers?state=claimed', { read, mostPages: MOST_PAGES }),
    read<Page<Offer>>('/v1/offers?limit=20').then(({ items }) => items),
  ]);
  // The last word on an offer is the newest: pages are not of one moment.
  const byId = new Map<string, Offer>();
  for (const offer of pages.flat()) {
    const known = byId.get(offer.id);
    if (known === undefined || offer.surplus.version >= known.surplus.version) byId.set(offer.id, offer);
  }
  return [...byId.values()].toSorted((a, b) => b.offeredAt.localeCompare(a.offeredAt));
});

/** The latest, and on as long as a page holds one that is open: asking by state would read all that a donor ever posted. */
export const surpluses = createSeen('surpluses', () =>
  readPages<SurplusView>('/v1/surplus', {
    read,
    mostPages: MOST_PAGES,
    goesOn: (page) => page.some(({ state }) => !isEnd(state as LotState)),
  }),
);
