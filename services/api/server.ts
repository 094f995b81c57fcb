/** The bare server: how requests are read, checked and refused, whatever the routes are. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifySchemaCompiler,
} from 'fastify';
import Type, { type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { answerProblem, PROBLEM_TYPE } from './answerProblems.ts';
import { documentOf, malformed, Problem } from './problems.ts';
import type { Api } from './requests.ts';

/** The largest body we have a use for is a week of opening hours. */
const BODY_LIMIT_BYTES = 64 * 1024;
/** Longer than any load balancer keeps its own idle connections. */
const KEEP_ALIVE_MS = 72_000;
/** By then Node.js ends whatever has not arrived: a photo at 32 kbit/s has. */
const REQUEST_TIMEOUT_MS = 300_000;
/** Whatever else people send is small, and holds its place at the door (`admission/`) while it comes. */
const BODY_WITHIN_MS = 30_000;
const MAX_PARAM_LENGTH = 400;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** its body may take as long as a slow network does */
    slowBody?: boolean;
  }
}

/** @param trustedProxies addresses or networks whose X-Forwarded-For is believed */
export function createServer(
  log: FastifyBaseLogger,
  counted: (type: string) => void,
  trustedProxies: readonly string[] = [],
): Api {
  const app = Fastify({
    loggerInstance: log,
    // No line per request: at 5,000/s that is most of a core. Metrics count them, faults are logged.
    logController: new LogController({ disableRequestLogging: true }),
    // Faults alone are logged, each with its route: a logger per request would only cost.
    childLoggerFactory: (logger) => logger,
    bodyLimit: BODY_LIMIT_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    exposeHeadRoutes: false,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    // Whoever is let in while the door closes is answered as always, with `connection: close`.
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    frameworkErrors: (error, _, reply) => void answerProblem(error, reply, counted),
    clientErrorHandler: answerBrokenHttp,
  });
  app.setErrorHandler((error, _, reply) => answerProblem(error, reply, counted));
  app.setNotFoundHandler((_, reply) =>
    answerProblem(new Problem('no-such-route', 'See /docs for what there is.'), reply, counted),
  );
  app.setValidatorCompiler(validatorOf);
  app.setSerializerCompiler(() => JSON.stringify);
  readJsonOnly(app);
  endSlowBodies(app);
  return app;
}

/** Most have arrived with their headers. */
function endSlowBodies(app: FastifyInstance): void {
  app.addHook('preParsing', (request, _, payload, done) => {
    const { raw, routeOptions } = request;
    if (!raw.complete && routeOptions.config.slowBody !== true) {
      const timer = setTimeout(() => {
        if (!raw.complete) raw.destroy();
      }, BODY_WITHIN_MS);
      timer.unref();
      raw.once('close', () => clearTimeout(timer));
    }
    done(null, payload);
  });
}

/** What isn't even HTTP gets a problem too, by hand. */
function answerBrokenHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = brokenBy(error);
  const document = documentOf(problem);
  const body = JSON.stringify(document);
  const status = `${String(document.status)} ${STATUS_CODES[document.status] ?? ''}`;
  // Who does not close its side would keep ours open for ever: no timeout of HTTP looks at it any more.
  const destroy = (): void => void socket.destroy();
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: ${PROBLEM_TYPE}\r\ncontent-length: ${String(Buffer.byteLength(body))}\r\nconnection: close\r\n\r\n${body}`,
    destroy,
  );
}

function brokenBy({ code }: NodeJS.ErrnoException): Problem {
  if (code === 'HPE_HEADER_OVERFLOW') return new Problem('too-large', 'The headers are too large.');
  // Phones take a 400 for the last word, and a slow network is none.
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new Problem('unavailable', 'It did not arrive in time. Send it again.');
  return new Problem('malformed-request', 'This is no HTTP.');
}

/** Bodies are taken as they are; in queries and paths text that is plainly a whole number counts as one. */
const validatorOf: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = Compile(schema);
  const integers = httpPart === 'querystring' ? integerNames(schema) : [];
  return (value: unknown) => {
    const given = integers.length === 0 ? value : withIntegers(value as Record<string, unknown>, integers);
    return check.Check(given) ? { value: given } : { error: check.Errors(given) as never };
  };
};

function integerNames(schema: TSchema): string[] {
  if (!Type.IsObject(schema)) return [];
  return Object.entries(schema.properties).flatMap(([name, each]) => (Type.IsInteger(each) ? [name] : []));
}

function withIntegers(given: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  const read = { ...given };
  for (const name of names) {
    const text = read[name];
    if (typeof text === 'string' && /^-?[0-9]{1,15}$/.test(text)) read[name] = Number(text);
  }
  return read;
}

function readJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text: string, done) => {
    if (text === '') {
      // Said to be JSON, and nothing there: routes that need a body say so.
      done(null, undefined);
      return;
    }
    void parse(request, text, (error, body) => {
      if (error !== null && error !== undefined) done(error);
      else done(storable(body, ''), body);
    });
  });
}

const MAX_DEPTH = 12;

/** PostgreSQL's text holds no NUL and its jsonb no half characters: better refused here, by name. */
function storable(value: unknown, path: string, depth = 0): Problem | null {
  if (typeof value === 'string') {
    if (value.includes('\u0000')) return malformed(path, 'holds a NUL character');
    return value.isWellFormed() ? null : malformed(path, 'holds half a character (a lone surrogate)');
  }
  if (typeof value !== 'object' || value === null) return null;
  if (depth > MAX_DEPTH) return malformed(path.slice(0, 64), 'is nested too deeply');
  for (const [name, each] of Object.entries(value)) {
    const problem = storable(name, `${path}/(a name)`) ?? storable(each, `${path}/${name.slice(0, 64)}`, depth + 1);
    if (problem !== null) return problem;
  }
  return null;
}

/** A path that is there answers other methods with 405 and what it allows. Call after all routes. */
export function refuseOtherMethods(app: Api, methodsByPath: ReadonlyMap<string, ReadonlySet<string>>): void {
  const all = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const;
  for (const [url, methods] of methodsByPath) {
    const others = all.filter((method) => !methods.has(method));
    const allow = [...methods].sort().join(', ');
    app.route({
      url,
      method: others,
      config: { access: 'public' },
      schema: { hide: true },
      handler: () => {
        throw new Problem('method-not-allowed', `This answers ${allow}.`, { headers: { allow } });
      },
    });
  }
}
