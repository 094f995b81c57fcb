import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import type { Accept as AcceptCommand, Command } from '#core/lots/command.ts';
import type { RecipientId } from '#core/words/ids.ts';
import { principalOfRequest } from '../auth/gate.ts';
import { commandIdOf, type Fingerprint } from '../idempotency/key.ts';
import type { SendOnce } from '../idempotency/sendOnce.ts';
import type { Directory } from '../organisations/directory.ts';
import { offerPlaceOf } from '../pathIds.ts';
import type { LotReads } from '../ports.ts';
import { Problem } from '../problems.ts';
import type { Api } from '../requests.ts';
import { traceparentOf } from '../traces.ts';
import { cellAnswers } from '../schemas/answers.ts';
import { Accept, Decline, Handover } from '../schemas/offers.ts';
import { KeyHeader, OfferId as OfferParams } from '../schemas/words.ts';
import { grantedOffer } from '../verdict.ts';
import { offerWithSurplus, surplusFor, type OfferWithSurplus } from '../whoSees.ts';
import { readOwnOffer } from './offers.ts';

export interface OfferAnswerDependencies {
  readonly sendOnce: SendOnce;
  readonly reads: LotReads;
  readonly directory: Directory;
  readonly fingerprint: Fingerprint;
}

type Verb = 'accept' | 'decline' | 'release' | 'handover';
type OnOffer = Pick<AcceptCommand, 'id' | 'offerId' | 'recipientId'> & { readonly fingerprint: string };

const SUMMARIES: Record<Verb, string> = {
  accept: 'Claim an offer, or a part of it; the rest is offered on',
  decline: 'Say no; the next recipient is asked at once',
  release: 'Give a claim back',
  handover: "Record the handover, proved by the donor's code",
};

/** What a recipient does with an offer. */
export function offerAnswerRoutes(app: Api, dependencies: OfferAnswerDependencies): void {
  route(app, dependencies, 'accept', Accept, (on, body: Static<typeof Accept>) => ({
    ...on,
    kind: 'accept',
    quantityGrams: body.quantityGrams ?? null,
  }));
  route(app, dependencies, 'decline', Decline, (on, body: Static<typeof Decline>) => ({
    ...on,
    kind: 'decline',
    reason: body.reason,
  }));
  route(app, dependencies, 'release', Decline, (on, body: Static<typeof Decline>) => ({
    ...on,
    kind: 'release',
    reason: body.reason,
  }));
  route(app, dependencies, 'handover', Handover, (on, body: Static<typeof Handover>) => ({
    ...on,
    kind: 'handover',
    code: body.code,
    quantityGrams: body.quantityGrams ?? null,
    hotEnough: body.hotEnough === true,
  }));
}

function route<Body>(
  app: Api,
  dependencies: OfferAnswerDependencies,
  verb: Verb,
  schema: object,
  commandOf: (on: OnOffer, body: Body) => Command & { readonly fingerprint: string },
): void {
  app.post<{ Params: { id: string } }>(
    `/v1/offers/:id/${verb}`,
    {
      config: { access: ['recipient'], idempotencyKey: true, admission: 'answer' },
      // Nothing to say is `{}`, with or without writing it.
      ...(verb === 'accept' ? { preValidation: bodyOrEmpty } : {}),
      schema: {
        summary: SUMMARIES[verb],
        tags: ['offers'],
        headers: KeyHeader,
        params: OfferParams,
        body: schema,
        response: cellAnswers('Offer', 200, 'the offer as it is now'),
      },
    },
    async (request) => await answerOffer(dependencies, verb, request, (on) => commandOf(on, request.body as Body)),
  );
}

function bodyOrEmpty(request: FastifyRequest, _: unknown, done: () => void): void {
  if (request.body === undefined) request.body = {};
  done();
}

async function answerOffer(
  { sendOnce, reads, directory, fingerprint }: OfferAnswerDependencies,
  verb: Verb,
  request: FastifyRequest<{ Params: { id: string } }>,
  commandOf: (on: OnOffer) => Command & { readonly fingerprint: string },
): Promise<OfferWithSurplus> {
  const principal = principalOfRequest(request);
  const id = commandIdOf(request, principal);
  const { offerId } = offerPlaceOf(request.params.id);
  // A made-up id must not wake a cell.
  await readOwnOffer(reads, principal, offerId);
  const recipient = principal.role === 'recipient' ? await directory.find('recipient', principal.id) : null;
  if (recipient === null) throw new Problem('organisation-unknown', 'The recipient is gone.');
  const on = {
    id,
    fingerprint: fingerprint('POST', `/v1/offers/${offerId}/${verb}`, request.body),
    offerId,
    recipientId: recipient.id as RecipientId,
  };
  const answer = await sendOnce({
    command: commandOf(on),
    homeRegionId: recipient.homeRegionId,
    traceparent: traceparentOf(request),
  });
  const { offer, surplus } = grantedOffer(answer);
  return offerWithSurplus(offer, surplusFor(principal, surplus));
}
