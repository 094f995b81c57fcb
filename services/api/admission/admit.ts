/** Before anything else is done with a request that would change a lot: is there room? Refusing costs next to nothing. */
import type { FastifyInstance } from 'fastify';
import { overloaded } from '../problems.ts';
import type { Admission, Kind } from './admission.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** what it asks of a cell; a route without it is not limited here */
    admission?: Kind;
  }
  interface FastifyRequest {
    /** gives the place back; null: it never had one, or has given it back */
    leave: ((done: boolean) => void) | null;
    isHandled: boolean;
  }
}

/** @param random 0 to 1 */
export function admit(app: FastifyInstance, admission: Admission, random: () => number = Math.random): void {
  app.decorateRequest('leave', null);
  app.decorateRequest('isHandled', false);
  app.addHook('onRequest', (request, reply, done) => {
    const { admission: kind } = request.routeOptions.config;
    if (kind === undefined) {
      done();
      return;
    }
    request.leave = admission.enter(kind);
    if (request.leave === null) {
      done(overloaded(random));
      return;
    }
    const leave = (isDone: boolean): void => {
      request.leave?.(isDone);
      request.leave = null;
    };
    // Gone before its handler began; once that runs, the command is under way whether or not anybody waits for it.
    reply.raw.once('close', () => {
      if (!request.isHandled) leave(false);
    });
    done();
  });
  app.addHook('preHandler', (request, _, done) => {
    request.isHandled = true;
    done();
  });
  app.addHook('onSend', (request, reply, _, done) => {
    request.leave?.(reply.statusCode < 300);
    request.leave = null;
    done();
  });
}
