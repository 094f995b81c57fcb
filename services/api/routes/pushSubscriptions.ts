import Type from 'typebox';
import type { Sealer } from '#adapters/crypto/sealed.ts';
import type { Pool } from '#adapters/postgres/pool.ts';
import { withKeptAnswer } from '#adapters/postgres/sql/keepAnswer.ts';
import { removePushSubscription, savePushSubscription } from '#adapters/postgres/sql/savePushSubscription.ts';
import { writeAudit } from '#adapters/postgres/sql/writeAudit.ts';
import { endpointProblem } from '#adapters/webpush/endpoint.ts';
import { endpointDigest, pushContext } from '#adapters/webpush/subscriptions.ts';
import { principalOfRequest } from '../auth/gate.ts';
import { commandIdOf, type Fingerprint } from '../idempotency/key.ts';
import type { Directory } from '../organisations/directory.ts';
import { keptOf } from '../idempotency/keptOf.ts';
import { malformed, Problem } from '../problems.ts';
import type { Api } from '../requests.ts';
import { answers } from '../schemas/answers.ts';
import { KeyHeader } from '../schemas/words.ts';

export interface PushDependencies {
  readonly pool: Pool;
  readonly sealer: Sealer;
  readonly directory: Directory;
  readonly fingerprint: Fingerprint;
  readonly newId: () => string;
  readonly vapidPublicKey: string;
  /** for tests and demos: endpoints on this machine are taken too */
  readonly allowLocalPush: boolean;
}

const Key = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: '^[A-Za-z0-9_=-]+$' });
const Subscribe = Type.Object(
  {
    endpoint: Type.String({ minLength: 1, maxLength: 2_048 }),
    keys: Type.Object({ p256dh: Key(200), auth: Key(100) }, { additionalProperties: false }),
    expirationTime: Type.Optional(Type.Unsafe<number | null>({ type: ['number', 'null'] })),
  },
  { additionalProperties: false, description: "the browser's PushSubscription.toJSON()" },
);
const Subscribed = Type.Object({ id: Type.String() }, { additionalProperties: false });
const SubscriptionId = Type.Object({ id: Type.String({ pattern: '^[0-9a-f]{64}$', maxLength: 64 }) });
const PublicKey = Type.Object({ publicKey: Type.String() }, { additionalProperties: false });
const tags = ['push'];

export function pushSubscriptionRoutes(app: Api, dependencies: PushDependencies): void {
  subscribe(app, dependencies);
  unsubscribe(app, dependencies);
  app.get(
    '/v1/push-subscriptions/key',
    {
      config: { access: 'public' },
      schema: { summary: 'The VAPID public key a browser subscribes with', tags, response: answers(200, PublicKey) },
    },
    () => {
      if (dependencies.vapidPublicKey === '') throw new Problem('unavailable', 'Web push is not set up here.');
      return { publicKey: dependencies.vapidPublicKey };
    },
  );
}

function subscribe(app: Api, { pool, sealer, directory, fingerprint, newId, allowLocalPush }: PushDependencies): void {
  app.post(
    '/v1/push-subscriptions',
    {
      config: { access: ['donor', 'recipient'], idempotencyKey: true },
      schema: {
        summary: 'Be told on this browser, though the page is closed',
        tags,
        headers: KeyHeader,
        body: Subscribe,
        response: answers(201, Subscribed),
      },
    },
    async (request, reply) => {
      const principal = principalOfRequest(request);
      const commandId = commandIdOf(request, principal);
      const { endpoint, keys } = request.body;
      const problem = endpointProblem(endpoint, { allowLocal: allowLocalPush });
      if (problem !== null) throw malformed('/endpoint', `is ${problem}`);
      if (principal.role === 'operator') throw new Problem('role-not-allowed', 'Operators are told by their alerts.');
      const organisation = await directory.find(principal.role, principal.id);
      if (organisation === null) throw new Problem('organisation-unknown', 'The organisation is gone.');
      const id = endpointDigest(endpoint);
      const key = {
        homeRegionId: organisation.homeRegionId,
        commandId,
        kind: 'push-subscribe',
        fingerprint: fingerprint('POST', '/v1/push-subscriptions', request.body),
      };
      const kept = await withKeptAnswer(pool, key, async (db) => {
        const sealed = sealer.seal({ endpoint, keys }, pushContext(id));
        await savePushSubscription(db, {
          endpointDigest: id,
          role: principal.role,
          organisationId: principal.id,
          ...sealed,
        });
        const subject = `${principal.role}:${principal.id}`;
        const { role, id: actor } = principal;
        await writeAudit(db, {
          id: newId(),
          role,
          actor,
          action: 'push.subscribe',
          subject,
          why: null,
          before: null,
          after: null,
        });
        return { id };
      });
      return await reply.code(201).header('location', `/v1/push-subscriptions/${id}`).send(keptOf(kept));
    },
  );
}

function unsubscribe(app: Api, { pool }: PushDependencies): void {
  app.delete(
    '/v1/push-subscriptions/:id',
    {
      config: { access: ['donor', 'recipient'] },
      schema: {
        summary: 'Be told no longer; a repeat does nothing',
        tags,
        params: SubscriptionId,
        response: answers(204, ''),
      },
    },
    async (request, reply) => {
      const principal = principalOfRequest(request);
      if (principal.role === 'operator') throw new Problem('role-not-allowed', 'Operators have none.');
      await removePushSubscription(pool, {
        endpointDigest: request.params.id,
        role: principal.role,
        organisationId: principal.id,
      });
      return await reply.code(204).send();
    },
  );
}
