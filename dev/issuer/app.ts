import { isIP } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { parseOrganisationId } from '#core/words/ids.ts';
import { LIFETIME_SECONDS, signToken, type Ask, type IssuerOptions } from './sign.ts';

const ROLES = ['donor', 'recipient', 'operator'];

/** `GET /.well-known/jwks.json`, and `POST /token {role, org?, alg?}` for this machine alone. */
export function createIssuer(options: IssuerOptions): FastifyInstance {
  const app = Fastify({ bodyLimit: 4_096 });
  app.get('/.well-known/jwks.json', () => ({ keys: options.keys.map((key) => key.publicJwk) }));
  app.get('/healthz', () => ({ status: 'alive' }));
  app.get('/readyz', () => ({ status: 'ready' }));
  app.get('/metrics', (_, reply) =>
    reply.type('text/plain; version=0.0.4').send('# the development issuer counts nothing\n'),
  );
  app.post('/token', async (request, reply) => {
    if (!isFromHere(request)) return await reply.code(403).send({ error: 'tokens are given to this machine alone' });
    const ask = askOf(request.body);
    if (typeof ask === 'string') return await reply.code(400).send({ error: ask });
    return await reply
      .header('cache-control', 'no-store')
      .send({ token: await signToken(ask, options), expiresIn: LIFETIME_SECONDS });
  });
  return app;
}

/**
 * The socket's own address, the name asked for, and no browser page of elsewhere: a web page can't fetch a token through
 * the user's browser, nor by pointing a name of its own at 127.0.0.1.
 */
function isFromHere(request: FastifyRequest): boolean {
  const peer = request.socket.remoteAddress ?? '';
  const isLoopback = peer === '::1' || /^(::ffff:)?127\./.test(peer);
  const { hostname } = request;
  const isNamedSo =
    hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
  return isLoopback && isNamedSo && request.headers.origin === undefined;
}

/** @returns what is asked, or what is wrong with it */
function askOf(body: unknown): Ask | string {
  if (typeof body !== 'object' || body === null) return 'send {"role": …, "org": …} as JSON';
  const { role, org = null, alg = 'ES256' } = body as Record<string, unknown>;
  if (typeof role !== 'string' || !ROLES.includes(role)) return `role must be one of ${ROLES.join(', ')}`;
  if (alg !== 'ES256' && alg !== 'RS256') return 'alg must be ES256 or RS256';
  if (role === 'operator')
    return org === null || org === '' ? { role, org: null, alg } : 'an operator belongs to no organisation';
  if (typeof org !== 'string' || parseOrganisationId(org) === null) return `org must be the id of a ${role}`;
  return { role, org, alg };
}
