import type { CellClient } from '#cell/contract.ts';
import { cellAt } from '#adapters/geo/s2.ts';
import type { Post } from '#core/lots/command.ts';
import { offerView, surplusView, type SurplusView } from '#core/lots/view.ts';
import { isAskedForTemperature } from '#core/words/food.ts';
import { lotIdOf } from '#core/words/ids.ts';
import type { DonorId } from '#core/words/ids.ts';
import { principalOfRequest } from '../auth/gate.ts';
import type { Principal } from '../auth/principal.ts';
import { cursorText, parseCursor } from '../cursor.ts';
import { commandIdOf, type Fingerprint } from '../idempotency/key.ts';
import type { SendOnce } from '../idempotency/sendOnce.ts';
import type { Directory } from '../organisations/directory.ts';
import { namesOf } from '../organisations/names.ts';
import { lotPlaceOf } from '../pathIds.ts';
import type { LotReads } from '../ports.ts';
import { malformed, Problem } from '../problems.ts';
import { etagOf, ifMatchOf, instantMsOf, type Api } from '../requests.ts';
import { answers, cellAnswers } from '../schemas/answers.ts';
import { PostSurplus, SurplusQuery, type PostSurplusBody } from '../schemas/surplus.ts';
import { IfMatchHeader, KeyHeader, LotId } from '../schemas/words.ts';
import { traceparentOf } from '../traces.ts';
import { granted } from '../verdict.ts';
import { seesSurplus, stepsFor, surplusFor } from '../whoSees.ts';

export interface SurplusDependencies {
  readonly sendOnce: SendOnce;
  readonly cells: CellClient;
  readonly reads: LotReads;
  readonly directory: Directory;
  readonly fingerprint: Fingerprint;
  readonly nowMs: () => number;
  /** uuid v7 whose time is `atMs` */
  readonly newUuid: (atMs: number) => string;
}

export function surplusRoutes(app: Api, dependencies: SurplusDependencies): void {
  postSurplus(app, dependencies);
  readSurplus(app, dependencies);
  listSurpluses(app, dependencies);
  cancelSurplus(app, dependencies);
}

function postSurplus(app: Api, { sendOnce, directory, fingerprint, nowMs, newUuid }: SurplusDependencies): void {
  app.post(
    '/v1/surplus',
    {
      config: { access: ['donor'], idempotencyKey: true, admission: 'post' },
      schema: {
        summary: 'Post surplus food; the answer tells to whom it is offered first',
        tags: ['surplus'],
        headers: KeyHeader,
        body: PostSurplus,
        response: cellAnswers('Surplus', 201, 'posted'),
      },
    },
    async (request, reply) => {
      const principal = principalOfRequest(request);
      const { body } = request;
      const donor = principal.role === 'donor' ? await directory.find('donor', principal.id) : null;
      if (donor === null || principal.role !== 'donor') throw new Problem('organisation-unknown', 'The donor is gone.');
      const where = body.location ?? donor;
      const lotId = lotIdOf(cellAt(where), newUuid(nowMs()));
      const id = commandIdOf(request, principal);
      const command = {
        ...foodOf(body),
        kind: 'post' as const,
        id,
        fingerprint: fingerprint('POST', '/v1/surplus', body),
        lotId,
        donorId: principal.id,
        lat: where.lat,
        lon: where.lon,
        ...(donor.active ? {} : { donorPaused: true }),
      };
      const answer = await sendOnce({ command, homeRegionId: donor.homeRegionId, traceparent: traceparentOf(request) });
      const { surplus } = granted(answer);
      request.span?.setAttribute('pahlawan.lot.id', surplus.id);
      return await reply
        .code(201)
        .headers({ location: `/v1/surplus/${surplus.id}`, etag: etagOf(surplus.version) })
        .send(surplus);
    },
  );
}

type Food = Pick<
  Post,
  | 'category'
  | 'storage'
  | 'quantityGrams'
  | 'servings'
  | 'readyFromMs'
  | 'safeUntilMs'
  | 'note'
  | 'temperature'
  | 'photo'
>;

/** Only what doesn't depend on the time of day is checked here: a key's repeat must get its first answer. */
function foodOf(body: PostSurplusBody): Food {
  const safeUntilMs = instantMsOf(body.safeUntil, '/safeUntil');
  const readyFromMs = body.readyFrom === undefined ? null : instantMsOf(body.readyFrom, '/readyFrom');
  if (readyFromMs !== null && readyFromMs >= safeUntilMs) throw malformed('/readyFrom', 'must be before safeUntil');
  const { category, storage, quantityGrams, servings = null, note = null, temperature = null, photo = null } = body;
  if (temperature !== null && !isAskedForTemperature(storage))
    throw malformed('/temperature', 'is for hot and chilled food');
  return { category, storage, quantityGrams, servings, readyFromMs, safeUntilMs, note, temperature, photo };
}

function readSurplus(app: Api, { reads, directory }: SurplusDependencies): void {
  app.get(
    '/v1/surplus/:id',
    {
      config: { access: ['donor', 'recipient', 'operator'] },
      schema: {
        summary: 'One surplus, what it went through, and the other lots of the same post',
        tags: ['surplus'],
        params: LotId,
        response: answers(200, 'SurplusWithHistory', 'the surplus; a recipient sees those offered to it'),
      },
    },
    async (request, reply) => {
      const principal = principalOfRequest(request);
      const found = await reads.readSurplus(lotPlaceOf(request.params.id));
      if (found === null || !seesSurplus(principal, found.lot)) throw noSuchSurplus();
      const surplus = surplusFor(principal, surplusView(found.lot, found.family));
      const history = stepsFor(principal, found.history);
      const all = principal.role === 'operator' ? found.lot.offers.map((offer) => offerView(found.lot, offer)) : [];
      const offers = all.length === 0 ? {} : { offers: all };
      const [named = surplus] = await withDonorNames(directory, principal, [surplus]);
      return await reply.header('etag', etagOf(surplus.version)).send({ ...named, ...offers, history });
    },
  );
}

function noSuchSurplus(): Problem {
  return new Problem('not-found', 'There is no such surplus of yours.');
}

/** For operators: a donor knows its own name, and a recipient is told with its claim. */
async function withDonorNames(
  directory: Directory,
  principal: Principal,
  surpluses: readonly SurplusView[],
): Promise<(SurplusView & { readonly donorName?: string })[]> {
  if (principal.role !== 'operator') return [...surpluses];
  const donorIds = surpluses.map(({ donorId }) => donorId);
  const names = await namesOf(directory, 'donor', donorIds);
  return surpluses.map((surplus) => ({ ...surplus, donorName: names.get(surplus.donorId) ?? surplus.donorId }));
}

function listSurpluses(app: Api, { reads, directory }: SurplusDependencies): void {
  app.get(
    '/v1/surplus',
    {
      config: { access: ['donor', 'recipient', 'operator'] },
      schema: {
        summary: "A donor's own surpluses, those offered to a recipient, or an operator's all; newest first",
        tags: ['surplus'],
        querystring: SurplusQuery,
        response: answers(200, 'SurplusPage', 'a page; nextCursor is null on the last one'),
      },
    },
    async (request) => {
      const principal = principalOfRequest(request);
      const { state = null, limit = 50, cursor } = request.query;
      const lots = await reads.listSurpluses({
        of: whose(principal),
        state,
        after: parseCursor(cursor),
        limit: limit + 1,
      });
      const page = lots.slice(0, limit);
      const shown = page.map((lot) => surplusFor(principal, surplusView(lot)));
      const items = await withDonorNames(directory, principal, shown);
      const last = items.at(-1);
      const nextCursor =
        lots.length > limit && last !== undefined ? cursorText({ at: last.postedAt, id: last.id }) : null;
      return { items, nextCursor };
    },
  );
}

function whose(principal: Principal) {
  if (principal.role === 'donor') return { donor: principal.id };
  return principal.role === 'recipient' ? { offeredTo: principal.id } : 'all';
}

function cancelSurplus(app: Api, { reads, cells }: SurplusDependencies): void {
  app.delete(
    '/v1/surplus/:id',
    {
      config: { access: ['donor'], admission: 'answer' },
      schema: {
        summary: 'Cancel a surplus and every uncollected lot split from it; operators do so with a reason, by POST',
        tags: ['surplus'],
        params: LotId,
        headers: IfMatchHeader,
        response: cellAnswers('Surplus', 200, 'cancelled'),
      },
    },
    async (request, reply) => {
      const principal = principalOfRequest(request);
      const place = lotPlaceOf(request.params.id);
      const ifVersion = ifMatchOf(request);
      // A made-up id must not wake a cell.
      const found = await reads.readSurplus(place);
      if (found === null || !seesSurplus(principal, found.lot)) throw noSuchSurplus();
      const command = {
        kind: 'cancel' as const,
        // The same ask has the same id: a repeat gets the first answer, and needs no key.
        id: `cancel:${principal.role}:${place.lotId}:${String(ifVersion ?? 'any')}`,
        fingerprint: 'cancel',
        lotId: place.lotId,
        donorId: principal.id as DonorId,
        ifVersion,
      };
      const answer = await cells.send(place.cell, command, { traceparent: traceparentOf(request) });
      if ('elsewhere' in answer) throw new Error('a cancel was claimed elsewhere');
      const { surplus } = granted(answer);
      return await reply.header('etag', etagOf(surplus.version)).send(surplus);
    },
  );
}
