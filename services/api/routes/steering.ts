/** What operators do over the rules' head: by commands to the cell, each with who and why. */
import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import Type, { type Static, type TProperties } from 'typebox';
import type { Pool } from '#adapters/postgres/pool.ts';
import { writeAudit } from '#adapters/postgres/sql/writeAudit.ts';
import type { Command } from '#core/lots/command.ts';
import { surplusView, type SurplusView } from '#core/lots/view.ts';
import type { RecipientId } from '#core/words/ids.ts';
import { principalOfRequest } from '../auth/gate.ts';
import { commandIdOf, type Fingerprint } from '../idempotency/key.ts';
import type { SendOnce } from '../idempotency/sendOnce.ts';
import type { OrganisationKind } from '../organisations/directory.ts';
import type { OrganisationStore } from '../organisations/store.ts';
import { lotPlaceOf, organisationIdOf } from '../pathIds.ts';
import type { LotReads } from '../ports.ts';
import { Problem } from '../problems.ts';
import { instantMsOf, type Api } from '../requests.ts';
import { answers, cellAnswers } from '../schemas/answers.ts';
import { Instant, KeyHeader, LotId, OrganisationId, Words } from '../schemas/words.ts';
import { traceparentOf } from '../traces.ts';
import { granted } from '../verdict.ts';
import { KINDS, OPERATORS_REGION_ID } from './organisations.ts';

export interface SteeringDependencies {
  readonly pool: Pool;
  readonly reads: Pick<LotReads, 'readSurplus'>;
  readonly sendOnce: SendOnce;
  readonly organisations: Pick<OrganisationStore, 'pause'>;
  readonly fingerprint: Fingerprint;
}

const reason = { reason: Type.String({ ...Words(200), description: 'why; kept with who did it' }) };
const withReason = <Properties extends TProperties>(more: Properties) =>
  Type.Object({ ...more, ...reason }, { additionalProperties: false });
const Reason = withReason({});
const Assign = withReason({ recipientId: Type.String({ maxLength: 64 }) });
const Extend = withReason({ until: Instant });
const tags = ['operations'];

type Base = Pick<Extract<Command, { kind: 'withdraw' }>, 'id' | 'lotId' | 'by' | 'why'> & {
  readonly fingerprint: string;
};
type Made = Command & { readonly fingerprint: string };

export function steeringRoutes(app: Api, dependencies: SteeringDependencies): void {
  onLot(app, dependencies, 'assign', 'Offer a lot to this recipient now, whoever was tried', Assign, (on, body) => ({
    ...on,
    kind: 'assign',
    recipientId: organisationIdOf((body as Static<typeof Assign>).recipientId, '/recipientId') as RecipientId,
  }));
  onLot(app, dependencies, 'withdraw', 'Take a lot back from who holds it; the next is asked', Reason, (on) => ({
    ...on,
    kind: 'withdraw',
  }));
  onLot(app, dependencies, 'extend', 'More time to answer, or to collect what is claimed', Extend, (on, body) => ({
    ...on,
    kind: 'extend',
    untilMs: instantMsOf((body as Static<typeof Extend>).until, '/until'),
  }));
  onLot(app, dependencies, 'cancel', 'Cancel a lot and every uncollected lot split from it', Reason, (on) => ({
    id: on.id,
    fingerprint: on.fingerprint,
    lotId: on.lotId,
    kind: 'cancel',
    donorId: null,
    ifVersion: null,
  }));
  for (const kind of ['recipient', 'donor'] as const)
    for (const verb of ['pause', 'resume'] as const) onOrganisation(app, dependencies, kind, verb);
}

function onLot(
  app: Api,
  dependencies: SteeringDependencies,
  verb: string,
  summary: string,
  body: typeof Reason,
  commandOf: (on: Base, body: unknown) => Made,
): void {
  app.post(
    `/v1/surplus/:id/${verb}`,
    {
      config: { access: ['operator'], idempotencyKey: true, admission: 'answer' },
      schema: {
        summary,
        tags,
        headers: KeyHeader,
        params: LotId,
        body,
        response: cellAnswers('Surplus', 200, 'as it is now'),
      },
    },
    async (request) => await steer(dependencies, verb, request, request.params.id, request.body.reason, commandOf),
  );
}

async function steer(
  { pool, reads, sendOnce, fingerprint }: SteeringDependencies,
  verb: string,
  request: FastifyRequest,
  id: string,
  why: string,
  commandOf: (on: Base, body: unknown) => Made,
): Promise<SurplusView> {
  const commandId = commandIdOf(request, principalOfRequest(request));
  const { lotId, ...place } = lotPlaceOf(id);
  const by = operatorOf(request);
  const path = `/v1/surplus/${lotId}/${verb}`;
  const on = { id: commandId, fingerprint: fingerprint('POST', path, request.body), lotId, by, why };
  const command = commandOf(on, request.body);
  // A made-up id must not wake a cell.
  const found = await reads.readSurplus({ ...place, lotId });
  if (found === null) throw new Problem('not-found', 'There is no such surplus.');
  const answer = await sendOnce({
    command,
    homeRegionId: OPERATORS_REGION_ID,
    traceparent: traceparentOf(request),
  });
  const { surplus } = granted(answer);
  await writeAudit(pool, {
    // The command's own: a repeat after a crash between the two writes what is missing, and nothing twice.
    id: auditIdOf(commandId),
    role: 'operator',
    actor: by,
    action: `surplus.${verb}`,
    subject: `lot:${lotId}`,
    why,
    before: briefOf(surplusView(found.lot)),
    after: briefOf(surplus),
  });
  return surplus;
}

function briefOf({ state, version, offer }: SurplusView): object {
  const held = offer === null ? null : { id: offer.id, recipientId: offer.recipientId, deadline: offer.deadline };
  return { state, version, offer: held, pickupBy: offer?.pickupBy ?? null };
}

function operatorOf(request: FastifyRequest): string {
  const { scope } = principalOfRequest(request);
  return scope.slice(scope.indexOf(':') + 1);
}

/** As uuid version 8 (RFC 9562, 5.8). */
function auditIdOf(commandId: string): string {
  const hex = createHash('sha256').update(commandId).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const PAUSES = {
  recipient: {
    pause: 'Offer it nothing from now on; what it holds it keeps. It cannot resume by itself',
    resume: 'Offer it food again',
  },
  donor: {
    pause: 'It posts nothing from now on; what is posted goes on. It cannot resume by itself',
    resume: 'Let it post again',
  },
} as const;

function onOrganisation(
  app: Api,
  { organisations, fingerprint }: SteeringDependencies,
  kind: OrganisationKind,
  verb: 'pause' | 'resume',
): void {
  const { path, named } = KINDS[kind];
  app.post(
    `${path}/:id/${verb}`,
    {
      config: { access: ['operator'], idempotencyKey: true },
      schema: {
        summary: PAUSES[kind][verb],
        tags,
        headers: KeyHeader,
        params: OrganisationId,
        body: Reason,
        response: answers(200, named, 'as it is now; without its contact'),
      },
    },
    async (request) => {
      const principal = principalOfRequest(request);
      const id = organisationIdOf(request.params.id);
      const key = {
        homeRegionId: OPERATORS_REGION_ID,
        commandId: commandIdOf(request, principal),
        kind: `${kind}-${verb}`,
        fingerprint: fingerprint('POST', `${path}/${id}/${verb}`, request.body),
      };
      return await organisations.pause(kind, id, verb === 'pause', key, { principal, why: request.body.reason });
    },
  );
}
