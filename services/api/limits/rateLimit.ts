/**
 * Requests per organisation and minute, and of whoever isn't signed in yet per address, counted in Redis for all processes
 * together; without Redis everybody passes.
 */
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import type { Role } from '../auth/principal.ts';
import { Problem } from '../problems.ts';
import { networkOf } from './networkOf.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** a public route that costs something: counted by the caller's address */
    limitedByAddress?: true;
  }
}

export type RateLimits = Readonly<Record<Role | 'address', number>>;

/** Counts one request. @returns how many in this window so far, and ms until it ends */
export type CountRequest = (key: string, windowMs: number) => Promise<readonly [count: number, leftMs: number]>;

const WINDOW_MS = 60_000;

export async function limitRates(
  app: FastifyInstance,
  options: { readonly limits: RateLimits; readonly count: CountRequest; readonly failed: () => void },
): Promise<void> {
  const { limits, count, failed } = options;
  await app.register(rateLimit, {
    global: true,
    timeWindow: WINDOW_MS,
    enableDraftSpec: true,
    skipOnError: true,
    allowList: (request: FastifyRequest) =>
      request.verified === null && request.routeOptions.config.limitedByAddress !== true,
    keyGenerator: (request: FastifyRequest) => scopeOf(request),
    max: (request: FastifyRequest) => limits[request.verified?.principal.role ?? 'address'],
    errorResponseBuilder: (_, { max, ttl }) => {
      const seconds = String(Math.ceil(ttl / 1000));
      return new Problem('rate-limited', `At most ${String(max)} requests a minute; go on in ${seconds} s.`);
    },
    store: storeOf(count, failed),
  });
}

function scopeOf(request: FastifyRequest): string {
  const { principal } = request.verified ?? {};
  // The library asks for the key before it asks whom to leave out.
  if (principal === undefined) return `address:${digestOf(networkOf(request.ip))}`;
  // An operator's scope holds a name, and an address is somebody's: keep both out of Redis.
  return principal.role === 'operator' ? `operator:${digestOf(principal.scope)}` : principal.scope;
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

type Counted = (error: Error | null, result?: { current: number; ttl: number }) => void;

/** The library asks for a class; one counter serves all routes. */
function storeOf(count: CountRequest, failed: () => void) {
  return class Store {
    incr(key: string, counted: Counted, windowMs: number): void {
      count(key, windowMs).then(
        ([current, ttl]) => counted(null, { current, ttl }),
        (error: unknown) => {
          failed();
          counted(error as Error);
        },
      );
    }
    child(): Store {
      return this;
    }
  };
}
