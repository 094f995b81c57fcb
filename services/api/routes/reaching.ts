/** Whether a recipient is still reached: its devices say that they are there; its number is the second channel. */
import Type from 'typebox';
import { phoneContext } from '#adapters/crypto/contactContext.ts';
import type { Sealer } from '#adapters/crypto/sealed.ts';
import { offerOfShort } from '#adapters/ids/shortLink.ts';
import type { Pool } from '#adapters/postgres/pool.ts';
import { findPhones, removePhone, savePhone } from '#adapters/postgres/sql/phoneNumbers.ts';
import { markPushHeard } from '#adapters/postgres/sql/pushSubscriptions.ts';
import { writeAudit } from '#adapters/postgres/sql/writeAudit.ts';
import { inTransaction } from '#adapters/postgres/transaction.ts';
import { parsePhone } from '#core/words/phone.ts';
import { principalOfRequest } from '../auth/gate.ts';
import { malformed, Problem } from '../problems.ts';
import type { Api } from '../requests.ts';
import { answers } from '../schemas/answers.ts';
import { NullableText } from '../schemas/words.ts';

export interface ReachingDependencies {
  readonly pool: Pool;
  readonly sealer: Sealer;
  readonly newId: () => string;
}

const strict = { additionalProperties: false };
const LanguageWord = Type.Unsafe<'id' | 'en'>(Type.Enum(['id', 'en']));
const Heartbeat = Type.Object(
  { arrived: Type.Optional(Type.Boolean({ description: 'a push was shown just now' })) },
  strict,
);
const SubscriptionId = Type.Object({ id: Type.String({ pattern: '^[0-9a-f]{64}$', maxLength: 64 }) });
const Phone = Type.Object(
  {
    phone: Type.String({ minLength: 1, maxLength: 40, description: 'E.164, e.g. +62 812 3456 7890' }),
    language: LanguageWord,
  },
  strict,
);
const PhoneAnswer = Type.Object({ phone: NullableText, language: Type.Optional(LanguageWord) }, strict);

export function reachingRoutes(app: Api, dependencies: ReachingDependencies): void {
  heartbeat(app, dependencies);
  readPhone(app, dependencies);
  changePhone(app, dependencies);
  shortLink(app);
}

function heartbeat(app: Api, { pool }: ReachingDependencies): void {
  app.post(
    '/v1/push-subscriptions/:id/heartbeat',
    {
      config: { access: ['donor', 'recipient'], idempotencyKey: false },
      schema: {
        summary: 'This browser is still there; 404: subscribe anew',
        description: 'A device that is not heard of for 30 days counts as gone: its recipient is reached another way.',
        tags: ['push'],
        params: SubscriptionId,
        body: Heartbeat,
        response: answers(204, ''),
      },
    },
    async (request, reply) => {
      const { role, id } = principalOfRequest(request);
      const given = { role, organisationId: id ?? '', endpointDigest: request.params.id };
      const isKnown = await markPushHeard(pool, given, request.body.arrived ?? false);
      if (!isKnown) throw new Problem('not-found', 'There is no such subscription of yours: subscribe anew.');
      return await reply.code(204).send();
    },
  );
}

function readPhone(app: Api, { pool, sealer }: ReachingDependencies): void {
  app.get(
    '/v1/phone-number',
    {
      config: { access: ['recipient'] },
      schema: { summary: "One's own number for text messages", tags: ['push'], response: answers(200, PhoneAnswer) },
    },
    async (request, reply) => {
      const id = principalOfRequest(request).id ?? '';
      const [row] = await findPhones(pool, [id]);
      reply.header('cache-control', 'no-store');
      if (row == null) return { phone: null };
      return { phone: String(sealer.open(row.sealed, phoneContext(id))), language: row.language };
    },
  );
}

function changePhone(app: Api, { pool, sealer, newId }: ReachingDependencies): void {
  app.put(
    '/v1/phone-number',
    {
      config: { access: ['recipient'] },
      schema: {
        summary: 'Be texted when no notification arrives; encrypted at rest',
        tags: ['push'],
        body: Phone,
        response: answers(204, ''),
      },
    },
    async (request, reply) => {
      const id = principalOfRequest(request).id ?? '';
      const phone = parsePhone(request.body.phone);
      if (phone === null) throw malformed('/phone', 'must be a number with its country, e.g. +62 812 3456 7890');
      await inTransaction(pool, async (db) => {
        await savePhone(db, id, sealer.seal(phone, phoneContext(id)), request.body.language);
        await writeAudit(db, auditOf(newId(), id, 'phone.set'));
      });
      return await reply.code(204).send();
    },
  );
  app.delete(
    '/v1/phone-number',
    {
      config: { access: ['recipient'] },
      schema: { summary: 'Be texted no longer; a repeat does nothing', tags: ['push'], response: answers(204, '') },
    },
    async (request, reply) => {
      const id = principalOfRequest(request).id ?? '';
      await inTransaction(pool, async (db) => {
        if (await removePhone(db, id)) await writeAudit(db, auditOf(newId(), id, 'phone.remove'));
      });
      return await reply.code(204).send();
    },
  );
}

/** That it changed, never to what. */
function auditOf(id: string, actor: string, action: string) {
  return { id, role: 'recipient', actor, action, subject: `recipient:${actor}`, why: null, before: null, after: null };
}

/** What a text message links to: it fits, and says nothing to who is not signed in. */
function shortLink(app: Api): void {
  const schema = { hide: true, params: Type.Object({ code: Type.String({ maxLength: 64 }) }) };
  app.get('/o/:code', { config: { access: 'public' }, schema }, async (request, reply) => {
    const offerId = offerOfShort(request.params.code);
    return await reply.redirect(offerId === null ? '/' : `/#/offer/${encodeURIComponent(offerId)}`, 302);
  });
}
