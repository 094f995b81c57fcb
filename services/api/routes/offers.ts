import { offerView, surplusView } from '#core/lots/view.ts';
import type { OfferRead } from '#adapters/postgres/sql/readOffers.ts';
import { principalOfRequest } from '../auth/gate.ts';
import type { Principal } from '../auth/principal.ts';
import { cursorText, parseCursor } from '../cursor.ts';
import type { Directory } from '../organisations/directory.ts';
import { offerPlaceOf, organisationIdOf } from '../pathIds.ts';
import type { LotReads } from '../ports.ts';
import { malformed, Problem } from '../problems.ts';
import type { Api } from '../requests.ts';
import { answers } from '../schemas/answers.ts';
import { OfferQuery } from '../schemas/offers.ts';
import { OfferId } from '../schemas/words.ts';
import { offerWithSurplus } from '../whoSees.ts';

export interface OfferReadDependencies {
  readonly reads: LotReads;
  readonly directory: Directory;
  /** the donor's way in, decrypted; null: none was given */
  readonly contactOf: (donorId: string) => Promise<object | null>;
}

/** Looking at offers; answering them is in offerAnswers.ts. */
export function offerRoutes(app: Api, dependencies: OfferReadDependencies): void {
  listOffers(app, dependencies);
  readOffer(app, dependencies);
}

function listOffers(app: Api, { reads }: OfferReadDependencies): void {
  app.get(
    '/v1/offers',
    {
      config: { access: ['recipient', 'operator'] },
      schema: {
        summary: "A recipient's offers, newest first; an operator names the recipient",
        tags: ['offers'],
        querystring: OfferQuery,
        response: answers(200, 'OfferPage', 'a page; nextCursor is null on the last one'),
      },
    },
    async (request) => {
      const { state = null, limit = 50, cursor, recipientId } = request.query;
      const whose = recipientOf(principalOfRequest(request), recipientId);
      const found = await reads.listOffers({ recipientId: whose, state, after: parseCursor(cursor), limit: limit + 1 });
      const items = found.slice(0, limit).map(shown);
      const last = items.at(-1);
      const nextCursor =
        found.length > limit && last !== undefined ? cursorText({ at: last.offeredAt, id: last.id }) : null;
      return { items, nextCursor };
    },
  );
}

function recipientOf(principal: Principal, named: string | undefined): string {
  if (principal.role === 'recipient') {
    if (named !== undefined && named !== principal.id)
      throw new Problem('role-not-allowed', 'You see only your own offers.');
    return principal.id;
  }
  if (named === undefined) throw malformed('recipientId', 'is required of an operator');
  return organisationIdOf(named, 'recipientId');
}

function shown({ lot, offer }: OfferRead) {
  return offerWithSurplus(offerView(lot, offer), surplusView(lot));
}

function readOffer(app: Api, { reads, directory, contactOf }: OfferReadDependencies): void {
  app.get(
    '/v1/offers/:id',
    {
      config: { access: ['recipient', 'operator'] },
      schema: {
        summary: 'One offer, with its reasons; once claimed, with how to reach the donor',
        tags: ['offers'],
        params: OfferId,
        response: answers(200, 'Offer', 'the offer'),
      },
    },
    async (request) => {
      const found = await readOwnOffer(reads, principalOfRequest(request), request.params.id);
      const { donorId } = found.lot;
      const isClaimed = found.offer.state === 'claimed' || found.offer.state === 'collected';
      const name = (await directory.find('donor', donorId))?.name ?? null;
      return { ...shown(found), donor: { id: donorId, name, contact: isClaimed ? await contactOf(donorId) : null } };
    },
  );
}

/** @throws Problem not-found, the same whether it isn't there or isn't theirs */
export async function readOwnOffer(reads: LotReads, principal: Principal, id: string): Promise<OfferRead> {
  const found = await reads.readOffer(offerPlaceOf(id));
  if (found === null || !isTheirs(principal, found)) throw new Problem('not-found', 'There is no such offer of yours.');
  return found;
}

function isTheirs(principal: Principal, { lot, offer }: OfferRead): boolean {
  if (principal.role === 'operator') return true;
  return principal.role === 'donor' ? lot.donorId === principal.id : offer.recipientId === principal.id;
}
