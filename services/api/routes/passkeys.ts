import type { AuthenticationResponseJSON } from '@simplewebauthn/server';
import Type, { type Static } from 'typebox';
import type { Pool } from '#adapters/postgres/pool.ts';
import { principalOfRequest } from '../auth/gate.ts';
import type { Identity } from '../identity/identity.ts';
import { factsOf } from '../identity/memberFacts.ts';
import { memberOf } from '../identity/member.ts';
import { refuseOtherSites } from '../identity/otherSites.ts';
import type { Api } from '../requests.ts';
import { answers } from '../schemas/answers.ts';
import { CreationOptions, RegisterPasskey, RequestOptions, UsePasskey } from '../schemas/identity.ts';
import { Instant, NullableInstant } from '../schemas/words.ts';
import { answerSession, everybody, unsigned } from './identity.ts';

export interface PasskeyRouteDependencies extends Pick<Identity, 'passkeys' | 'accessTokenFor' | 'cookie'> {
  readonly pool: Pool;
}

const tags = ['identity'];

export function passkeyRoutes(app: Api, dependencies: PasskeyRouteDependencies): void {
  registration(app, dependencies);
  authentication(app, dependencies);
  kept(app, dependencies);
}

const { access } = everybody;
const PasskeyList = Type.Object(
  {
    items: Type.Array(
      Type.Object(
        { id: Type.String(), createdAt: Instant, lastUsedAt: NullableInstant },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
const CredentialId = Type.Object({ id: Type.String({ maxLength: 1_400, pattern: '^[A-Za-z0-9_-]+$' }) });

function kept(app: Api, { passkeys }: PasskeyRouteDependencies): void {
  app.get(
    '/v1/auth/passkeys',
    {
      config: { access },
      schema: { summary: "One's own passkeys, oldest first", tags, response: answers(200, PasskeyList) },
    },
    async (request, reply) => {
      const found = await passkeys.list(memberOf(principalOfRequest(request)));
      const items = found.map(({ credentialId, createdAt, lastUsedAt }) => ({
        id: credentialId,
        createdAt: createdAt.toISOString(),
        lastUsedAt: lastUsedAt?.toISOString() ?? null,
      }));
      return await reply.header('cache-control', 'no-store').send({ items });
    },
  );
  app.delete(
    '/v1/auth/passkeys/:id',
    {
      config: { access },
      schema: {
        summary: 'It signs nobody in any more; 404 when it is gone already',
        description: 'Sessions that it began go on: sign out everywhere ends them.',
        tags,
        params: CredentialId,
        response: answers(204, ''),
      },
    },
    async (request, reply) => {
      await passkeys.remove(memberOf(principalOfRequest(request)), request.params.id);
      return await reply.code(204).send();
    },
  );
}

function registration(app: Api, { pool, passkeys }: PasskeyRouteDependencies): void {
  app.post(
    '/v1/auth/passkeys/registration/options',
    {
      config: everybody,
      schema: {
        summary: 'What navigator.credentials.create() is to be asked; good for five minutes',
        tags,
        response: answers(200, CreationOptions),
      },
    },
    async (request, reply) => {
      const member = memberOf(principalOfRequest(request));
      const { name } = await factsOf(pool, member);
      return await reply.header('cache-control', 'no-store').send(await passkeys.registrationOptions(member, name));
    },
  );
  app.post(
    '/v1/auth/passkeys/registration',
    {
      config: everybody,
      schema: { summary: 'Keep a passkey', tags, body: RegisterPasskey, response: answers(204, '') },
    },
    async (request, reply) => {
      const { response } = request.body;
      await passkeys.register(memberOf(principalOfRequest(request)), response);
      return await reply.code(204).send();
    },
  );
}

function authentication(app: Api, dependencies: PasskeyRouteDependencies): void {
  const { passkeys } = dependencies;
  app.post(
    '/v1/auth/passkeys/authentication/options',
    {
      config: unsigned,
      schema: {
        summary: 'What navigator.credentials.get() is to be asked; good for five minutes',
        tags,
        response: answers(200, RequestOptions),
      },
    },
    async (_, reply) => await reply.header('cache-control', 'no-store').send(await passkeys.authenticationOptions()),
  );
  app.post(
    '/v1/auth/passkeys/authentication',
    {
      config: unsigned,
      onRequest: refuseOtherSites,
      schema: {
        summary: 'Sign in with a passkey',
        description: 'Sets the refresh cookie. 403 `passkey-refused`, whatever did not fit.',
        tags,
        body: UsePasskey,
        response: answers(200, 'Session'),
      },
    },
    async (request, reply) =>
      await answerSession(dependencies, reply, await passkeys.authenticate(assertionOf(request.body))),
  );
}

/** `userHandle` may be null in JSON, and is then as if it were not there. */
function assertionOf({ response }: Static<typeof UsePasskey>): AuthenticationResponseJSON {
  const { userHandle, ...signed } = response.response;
  const handle = userHandle === null || userHandle === undefined ? {} : { userHandle };
  return { ...response, response: { ...signed, ...handle } };
}
