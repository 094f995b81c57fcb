import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import Type from 'typebox';
import { PROBLEM_CODES, Problem, PROBLEMS } from '../problems.ts';
import type { Api } from '../requests.ts';

const PAGES = join(import.meta.dirname, '../../../docs/errors');

/** Nothing from elsewhere. Unlike the library's own policy it does not ask for https, which 127.0.0.1 has not. */
const CONTENT_POLICY = {
  'default-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'style-src': ["'self'", "'unsafe-inline'"],
  'object-src': ["'none'"],
  'frame-ancestors': ["'none'"],
};

/** Must be called before any route: it collects them as they come. */
export async function collectOpenApi(app: Api): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Pahlawan Pangan',
        version: '1',
        description:
          'Food rescue: a donor posts surplus food, the right recipient nearby holds an exclusive, timed offer.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    },
    hideUntagged: true,
    refResolver: {
      buildLocalReference: (schema, _, __, index) =>
        typeof schema['$id'] === 'string' ? schema['$id'] : `Schema${String(index)}`,
    },
    transform: ({ schema, url, route }) => ({ schema: described(schema, route.config ?? {}), url }),
  });
}

interface RouteWords {
  readonly access?: unknown;
  readonly idempotencyKey?: boolean;
  readonly ifMatch?: 'required';
}

/** What the gate and the handlers ask for, said in the document too. */
function described(schema: unknown, { access, idempotencyKey, ifMatch }: RouteWords): object {
  const known = schema as { headers?: object };
  const required = [
    ...(idempotencyKey === true ? ['idempotency-key'] : []),
    ...(ifMatch === 'required' ? ['if-match'] : []),
  ];
  const headers = known.headers === undefined ? {} : { headers: { ...known.headers, required } };
  const guarded = access === 'public' ? { security: [] } : { security: [{ bearer: [] }], 'x-roles': access };
  return { ...known, ...headers, ...guarded };
}

export async function documentRoutes(app: Api): Promise<void> {
  app.get('/openapi.json', { config: { access: 'public' }, schema: { hide: true } }, () => app.swagger());
  problemPages(app);
  await app.register(async (docs) => {
    docs.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'public' };
    });
    await docs.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: CONTENT_POLICY,
      uiConfig: { validatorUrl: null },
    });
  });
}

/** The pages that problem types point to, read once. */
function problemPages(app: Api): void {
  const pages = new Map(PROBLEM_CODES.map((code) => [code as string, readFileSync(join(PAGES, `${code}.md`), 'utf8')]));
  app.get(
    '/docs/errors/:code',
    { config: { access: 'public' }, schema: { hide: true, params: Type.Object({ code: Type.String() }) } },
    async (request, reply) => {
      const page = pages.get(request.params.code);
      if (page === undefined)
        throw new Problem('no-such-route', `There are pages for ${Object.keys(PROBLEMS).join(', ')}.`);
      return await reply.type('text/plain; charset=utf-8').send(page);
    },
  );
}
