import { randomUUID } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import type { Static } from 'typebox';
import type { Pool } from '#adapters/postgres/pool.ts';
import { readOrganisation } from '#adapters/postgres/sql/organisations.ts';
import { writeAudit } from '#adapters/postgres/sql/writeAudit.ts';
import { inTransaction } from '#adapters/postgres/transaction.ts';
import { principalOfRequest } from '../auth/gate.ts';
import type { Identity } from '../identity/identity.ts';
import { enterByLink, issueLink } from '../identity/links.ts';
import { factsOf } from '../identity/memberFacts.ts';
import { memberOf, type Member } from '../identity/member.ts';
import { refuseOtherSites } from '../identity/otherSites.ts';
import type { SignedIn } from '../identity/sessions.ts';
import { malformed, Problem } from '../problems.ts';
import type { Api } from '../requests.ts';
import { answers } from '../schemas/answers.ts';
import { EnterByLink, IssueLink, LinkAnswer, type SessionBody } from '../schemas/identity.ts';

export interface IdentityDependencies extends Pick<
  Identity,
  'address' | 'keys' | 'accessTokenFor' | 'cookie' | 'sessions'
> {
  readonly pool: Pool;
  /** uuid */
  readonly newId: () => string;
}

const tags = ['identity'];
/** The answer holds a secret that is kept nowhere, so a repeat can't get it again: none of these asks for a key. */
export const unsigned = { access: 'public', idempotencyKey: false, limitedByAddress: true } as const;
export const everybody = { access: ['donor', 'recipient', 'operator'], idempotencyKey: false } as const;

export function identityRoutes(app: Api, dependencies: IdentityDependencies): void {
  app.get('/.well-known/jwks.json', { config: { access: 'public' }, schema: { hide: true } }, async (_, reply) => {
    return await reply.header('cache-control', 'public, max-age=300').send(dependencies.keys.published);
  });
  enter(app, dependencies);
  refresh(app, dependencies);
  signOut(app, dependencies);
  signOutEverywhere(app, dependencies);
  invite(app, dependencies);
}

type Answering = Pick<IdentityDependencies, 'pool' | 'accessTokenFor' | 'cookie'>;

/** The session as the body, its cookie beside it. */
export async function answerSession(given: Answering, reply: FastifyReply, signedIn: SignedIn): Promise<SessionBody> {
  const { role, organisationId, name } = await factsOf(given.pool, signedIn.member);
  const token = await given.accessTokenFor(signedIn.member);
  given.cookie.keep(reply, signedIn.cookie);
  return { ...token, role, organisationId, name };
}

function enter(app: Api, dependencies: IdentityDependencies): void {
  app.post(
    '/v1/auth/link',
    {
      config: unsigned,
      onRequest: refuseOtherSites,
      schema: {
        summary: 'Sign in by a one-time link',
        description:
          'Sets the refresh cookie. 401 `link-used` and `link-expired` say so; for both an operator has new links. A repeat with the same `attemptId` gets the same answer until that session is refreshed.',
        tags,
        body: EnterByLink,
        response: answers(200, 'Session'),
      },
    },
    async (request, reply) => {
      const { pool, sessions } = dependencies;
      return await answerSession(dependencies, reply, await enterByLink(pool, sessions, request.body));
    },
  );
}

function refresh(app: Api, dependencies: IdentityDependencies): void {
  const { cookie, sessions } = dependencies;
  app.post(
    '/v1/auth/refresh',
    {
      config: unsigned,
      onRequest: refuseOtherSites,
      schema: {
        summary: 'A new access token for the refresh cookie, which changes',
        description:
          'Two tabs may ask at once: for 30 s the cookie before gets the same successor. After that, while no successor was shown, its answer ' +
          'was lost and it gets another. Any other cookie that comes a second time is a copy, and the session ends for both.',
        tags,
        response: answers(200, 'Session'),
      },
    },
    async (request, reply) => {
      const refreshed = await sessions.refresh(cookie.read(request) ?? '');
      if (typeof refreshed !== 'string') return await answerSession(dependencies, reply, refreshed);
      if (refreshed === 'reused') request.log.warn('a refresh cookie was used twice: its session has been ended');
      cookie.forget(reply);
      throw new Problem('not-authenticated', 'You are signed out here. Sign in with your passkey or a link.');
    },
  );
}

function signOut(app: Api, { cookie, sessions }: IdentityDependencies): void {
  app.post(
    '/v1/auth/sign-out',
    {
      config: unsigned,
      onRequest: refuseOtherSites,
      schema: { summary: "End this browser's session; a repeat does nothing", tags, response: answers(204, '') },
    },
    async (request, reply) => {
      await sessions.end(cookie.read(request) ?? '');
      cookie.forget(reply);
      return await reply.code(204).send();
    },
  );
}

function signOutEverywhere(app: Api, { pool, cookie, sessions, newId }: IdentityDependencies): void {
  app.post(
    '/v1/auth/sign-out-everywhere',
    {
      config: everybody,
      onRequest: refuseOtherSites,
      schema: {
        summary: 'End all sessions of this organisation in this role, or of this operator',
        description: 'None of them gets a new token from now on; tokens given out before end within 15 minutes.',
        tags,
        response: answers(204, ''),
      },
    },
    async (request, reply) => {
      const member = memberOf(principalOfRequest(request));
      await inTransaction(pool, async (db) => {
        const after = { sessions: await sessions.endAllOf(db, member) };
        const subject = `${member.role}:${member.subject}`;
        const who = { id: newId(), role: member.role, actor: member.subject };
        await writeAudit(db, { ...who, action: 'session.end-all', subject, why: null, before: null, after });
      });
      cookie.forget(reply);
      return await reply.code(204).send();
    },
  );
}

function invite(app: Api, { pool, address, newId }: IdentityDependencies): void {
  app.post(
    '/v1/auth/links',
    {
      config: { access: ['operator'], idempotencyKey: false },
      schema: {
        summary: 'A one-time link that signs somebody in, to hand out by any channel',
        description: 'Good for three days. An operator gets a name by `operator`, or a new one each time.',
        tags,
        body: IssueLink,
        response: answers(201, LinkAnswer),
      },
    },
    async (request, reply) => {
      const member = await inviteeOf(pool, request.body);
      const { role, subject: actor } = memberOf(principalOfRequest(request));
      const { origin } = address;
      const { url, expiresAt } = await issueLink(pool, { member, issuer: { role, actor }, auditId: newId(), origin });
      const answer = { url, expiresAt: expiresAt.toISOString() };
      return await reply.code(201).header('cache-control', 'no-store').send(answer);
    },
  );
}

/** @throws Problem malformed-request, not-found */
async function inviteeOf(pool: Pool, body: Static<typeof IssueLink>): Promise<Member> {
  const { role, organisationId, operator } = body;
  if (role === 'operator') {
    if (organisationId !== undefined) throw malformed('/organisationId', 'an operator belongs to no organisation');
    return { role, subject: operator ?? `operator-${randomUUID()}` };
  }
  if (operator !== undefined) throw malformed('/operator', 'is for links of operators');
  if (organisationId === undefined) throw malformed('/organisationId', 'say which organisation');
  if ((await readOrganisation(pool, role, organisationId)) === null) {
    throw new Problem('not-found', `There is no ${role} of this id; register it first.`);
  }
  return { role, subject: organisationId };
}
