import type { AuthenticationResponseJSON } from '@simplewebauthn/server';
import type { Static } from 'typebox';
import type { Pool } from '#adapters/postgres/pool.ts';
import { principalOfRequest } from '../auth/gate.ts';
import type { Identity } from '../identity/identity.ts';
import { factsOf } from '../identity/memberFacts.ts';
import { memberOf } from '../identity/member.ts';
import { refuseOtherSites } from '../identity/otherSites.ts';
import type { Api } from '../requests.ts';
import { answers } from '../schemas/answers.ts';
import { CreationOptions, RegisterPasskey, RequestOptions, UsePasskey } from '../schemas/identity.ts';
import { answerSession, everybody, unsigned } from './identity.ts';

export interface PasskeyRouteDependencies extends Pick<Identity, 'passkeys' | 'accessTokenFor' | 'cookie'> {
  readonly pool: Pool;
}

const tags = ['identity'];

export function passkeyRoutes(app: Api, dependencies: PasskeyRouteDependencies): void {
  registration(app, dependencies);
  authentication(app, dependencies);
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
