import type { CellClient } from '#cell/contract.ts';
import { principalOfRequest } from '../auth/gate.ts';
import { offerPlaceOf } from '../pathIds.ts';
import type { HandoverCode, LotReads } from '../ports.ts';
import { Problem } from '../problems.ts';
import type { Api } from '../requests.ts';
import { traceparentOf } from '../traces.ts';
import { answers } from '../schemas/answers.ts';
import { HandoverCodeAnswer } from '../schemas/offers.ts';
import { OfferId } from '../schemas/words.ts';
import { grantedOffer } from '../verdict.ts';
import { readOwnOffer } from './offers.ts';

export interface HandoverCodeDependencies {
  readonly cells: CellClient;
  readonly reads: LotReads;
  readonly handoverCode: HandoverCode;
  readonly newId: () => string;
}

/** Only the donor of that lot reads the code. It is computed here, and never stored, logged, cached or traced. */
export function handoverCodeRoutes(app: Api, { cells, reads, handoverCode, newId }: HandoverCodeDependencies): void {
  app.get(
    '/v1/offers/:id/handover-code',
    {
      config: { access: ['donor'] },
      schema: {
        summary: 'The 8 digits the recipient needs; after five wrong tries, new ones',
        tags: ['offers'],
        params: OfferId,
        response: answers(200, HandoverCodeAnswer, 'the code; never cached'),
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      const principal = principalOfRequest(request);
      const place = offerPlaceOf(request.params.id);
      await readOwnOffer(reads, principal, place.offerId);
      if (principal.role !== 'donor') throw new Problem('not-found', 'There is no such offer of yours.');
      // Each look may renew the code, so each is a command of its own.
      const command = {
        kind: 'renew-code' as const,
        id: `renew-code:${newId()}`,
        fingerprint: null,
        offerId: place.offerId,
        donorId: principal.id,
      };
      const answer = await cells.send(place.cell, command, { traceparent: traceparentOf(request) });
      if ('elsewhere' in answer) throw new Error('a code was claimed elsewhere');
      grantedOffer(answer);
      const { offer } = await readOwnOffer(reads, principal, place.offerId);
      return { offerId: offer.id, code: handoverCode(offer.id, offer.recipientId, offer.codeGeneration) };
    },
  );
}
