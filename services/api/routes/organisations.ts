import type { FastifyRequest } from 'fastify';
import Type from 'typebox';
import { principalOfRequest } from '../auth/gate.ts';
import { commandIdOf, type Fingerprint } from '../idempotency/key.ts';
import type { OrganisationKind } from '../organisations/directory.ts';
import type { Actor, OrganisationStore } from '../organisations/store.ts';
import { organisationIdOf } from '../pathIds.ts';
import { malformed, Problem } from '../problems.ts';
import { etagOf, requiredIfMatchOf, type Api } from '../requests.ts';
import { answers } from '../schemas/answers.ts';
import {
  ChangeDonor,
  ChangeRecipient,
  PageQuery,
  ReasonHeader,
  RegisterDonor,
  RegisterRecipient,
} from '../schemas/organisations.ts';
import { IfMatchHeader, KeyHeader, OrganisationId } from '../schemas/words.ts';

export interface OrganisationDependencies {
  readonly organisations: OrganisationStore;
  readonly fingerprint: Fingerprint;
}

/** Operators' keys have no home region of an organisation. */
export const OPERATORS_REGION_ID = '0';

/** Where each kind lives, and what the OpenAPI document calls it. */
export const KINDS = {
  donor: { path: '/v1/donors', named: 'Donor', page: 'DonorPage', register: RegisterDonor, change: ChangeDonor },
  recipient: {
    path: '/v1/recipients',
    named: 'Recipient',
    page: 'RecipientPage',
    register: RegisterRecipient,
    change: ChangeRecipient,
  },
} as const;

export function organisationRoutes(app: Api, dependencies: OrganisationDependencies): void {
  for (const kind of ['donor', 'recipient'] as const) {
    list(app, kind, dependencies);
    register(app, kind, dependencies);
    read(app, kind, dependencies);
    change(app, kind, dependencies);
  }
}

function list(app: Api, kind: OrganisationKind, { organisations }: OrganisationDependencies): void {
  const { path, page } = KINDS[kind];
  app.get(
    path,
    {
      config: { access: ['operator'] },
      schema: {
        summary: `All ${kind}s, by id; without their contacts`,
        tags: [`${kind}s`],
        querystring: PageQuery,
        response: answers(200, page, 'a page; nextCursor is null on the last one'),
      },
    },
    async (request) => {
      const { limit = 50, cursor } = request.query;
      const found = await organisations.list(kind, { afterId: afterIdOf(cursor), limit: limit + 1 });
      const items = found.slice(0, limit);
      const last = items.at(-1);
      const nextCursor = found.length > limit && last !== undefined ? Buffer.from(last.id).toString('base64url') : null;
      return { items, nextCursor };
    },
  );
}

function afterIdOf(cursor: string | undefined): string {
  if (cursor === undefined) return '';
  const id = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!/^[a-z0-9][a-z0-9_-]{0,63}$/.test(id)) throw malformed('cursor', 'is no cursor of this list');
  return id;
}

function register(app: Api, kind: OrganisationKind, { organisations, fingerprint }: OrganisationDependencies): void {
  const { path, named, register: body } = KINDS[kind];
  app.post(
    path,
    {
      config: { access: ['operator'], idempotencyKey: true },
      schema: {
        summary: `Register a ${kind}`,
        tags: [`${kind}s`],
        headers: Type.Object({ ...KeyHeader.properties, ...ReasonHeader }),
        body: body as typeof RegisterDonor,
        response: answers(201, named, 'registered; the answer leaves out the contact'),
      },
    },
    async (request, reply) => {
      const actor = actorOf(request);
      const key = {
        homeRegionId: OPERATORS_REGION_ID,
        commandId: commandIdOf(request, actor.principal),
        kind: `register-${kind}`,
        fingerprint: fingerprint('POST', path, request.body),
      };
      const view = await organisations.register(kind, request.body, key, actor);
      return await reply
        .code(201)
        .headers({ location: `${path}/${view.id}`, etag: etagOf(view.version) })
        .send(view);
    },
  );
}

function read(app: Api, kind: OrganisationKind, { organisations }: OrganisationDependencies): void {
  const { path, named } = KINDS[kind];
  app.get(
    `${path}/:id`,
    {
      config: { access: [kind, 'operator'] },
      schema: {
        summary: `One ${kind}: one's own, or any for operators`,
        tags: [`${kind}s`],
        params: OrganisationId,
        response: answers(200, named),
      },
    },
    async (request, reply) => {
      const view = await organisations.read(kind, ownIdOf(request, request.params.id, kind));
      return await reply.headers({ etag: etagOf(view.version), 'cache-control': 'no-store' }).send(view);
    },
  );
}

function change(app: Api, kind: OrganisationKind, { organisations }: OrganisationDependencies): void {
  const { path, named, change: body } = KINDS[kind];
  app.patch(
    `${path}/:id`,
    {
      config: { access: [kind, 'operator'], ifMatch: 'required' },
      schema: {
        summary: 'Change what is told; what is left out stays',
        tags: [`${kind}s`],
        params: OrganisationId,
        headers: Type.Object({ ...IfMatchHeader.properties, ...ReasonHeader }),
        body: body as typeof ChangeRecipient,
        response: answers(200, named, 'as it is now'),
      },
    },
    async (request, reply) => {
      const id = ownIdOf(request, request.params.id, kind);
      const ifVersion = requiredIfMatchOf(request);
      const view = await organisations.change(kind, id, request.body, ifVersion, actorOf(request));
      return await reply.headers({ etag: etagOf(view.version), 'cache-control': 'no-store' }).send(view);
    },
  );
}

/** @throws Problem not-found when it is another's, just as when it isn't there */
function ownIdOf(request: FastifyRequest, text: string, kind: OrganisationKind): string {
  const principal = principalOfRequest(request);
  const id = organisationIdOf(text);
  if (principal.role !== 'operator' && principal.id !== id)
    throw new Problem('not-found', `There is no such ${kind} of yours.`);
  return id;
}

function actorOf(request: FastifyRequest): Actor {
  const why = request.headers['audit-reason'];
  return { principal: principalOfRequest(request), why: typeof why === 'string' ? why : null };
}
