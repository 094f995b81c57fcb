/** Nobody passes unless the route says who may: role first, then that the organisation exists and is of that kind. */
import type { FastifyInstance, RouteOptions } from 'fastify';
import type { Directory } from '../organisations/directory.ts';
import { Problem } from '../problems.ts';
import type { Access, Principal } from './principal.ts';
import type { Verified } from './tokens.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** who may call this route; a route without it fails at boot */
    access?: Access;
    /** a POST that changes something asks for an Idempotency-Key; each POST says whether it does */
    idempotencyKey?: boolean;
    /** a change must name the version it changes */
    ifMatch?: 'required';
  }
  interface FastifyRequest {
    /** set on every route that is not public */
    verified: Verified | null;
    /** of whoever asks, on its way; null: asked for nobody */
    organisation: ReturnType<Directory['find']> | null;
  }
}

export interface GateDependencies {
  readonly verify: (authorization: string | undefined) => Promise<Verified>;
  readonly directory: Directory;
}

export function guardRoutes(app: FastifyInstance, { verify, directory }: GateDependencies): void {
  const routes: RouteOptions[] = [];
  app.decorateRequest('verified', null);
  app.decorateRequest('organisation', null);
  app.addHook('onRoute', (route) => {
    routes.push(route);
  });
  app.addHook('onReady', () => {
    for (const route of routes) checkDeclaration(route);
  });
  app.addHook('onRequest', async (request) => {
    const { access } = request.routeOptions.config;
    if (access === 'public' || request.is404) return;
    const verified = await verify(request.headers.authorization);
    const { principal } = verified;
    if (!(access ?? []).includes(principal.role)) {
      throw new Problem('role-not-allowed', `This is not for the role ${principal.role}.`);
    }
    request.verified = verified;
    if (principal.role === 'operator') return;
    request.organisation = directory.find(principal.role, principal.id);
    // Whoever is refused meanwhile, nobody asks about.
    request.organisation.catch(() => undefined);
  });
  // It is read while the request is counted (limits/): each waits for company.
  app.addHook('preParsing', async (request) => {
    if (request.organisation === null || (await request.organisation) !== null) return;
    const { role } = principalOfRequest(request);
    throw new Problem('organisation-unknown', `There is no ${role} of this id; an operator registers it.`);
  });
}

function checkDeclaration(route: RouteOptions): void {
  const name = `${String(route.method)} ${route.url}`;
  const { access, idempotencyKey } = route.config ?? {};
  if (access === undefined) throw new Error(`${name} does not say who may call it (config.access)`);
  if (access !== 'public' && access.length === 0) throw new Error(`${name} is for nobody (config.access)`);
  const posts = [route.method].flat().includes('POST') && [route.method].flat().length === 1;
  if (posts && idempotencyKey === undefined)
    throw new Error(`${name} does not say whether it asks for an Idempotency-Key`);
}

/** @returns who asks, on a route that is not public */
export function principalOfRequest(request: { readonly verified: Verified | null }): Principal {
  if (request.verified === null) throw new Error('a public route asked for its caller');
  return request.verified.principal;
}
