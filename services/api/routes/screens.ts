/** The web app as it was built: each of its files a route of its own, so there is no other path to ask for. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyReply } from 'fastify';
import type { Api } from '../requests.ts';

/** Scripts, data and workers are ours or don't run; nobody frames us; text never becomes a script. */
const CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  "worker-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  // the service worker's own script, and the map's worker: web/app/serviceWorker.ts, web/app/streets.ts
  'trusted-types pahlawan default',
].join('; ');

const HEADERS = {
  'content-security-policy': CONTENT_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  // The camera reads the handover code, on our own pages; nothing else is ever asked for.
  'permissions-policy': 'camera=(self), microphone=(), geolocation=(), payment=(), usb=()',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** As vite names what it builds: `assets/index-B1a2C3d4.js`. Another text has another name. */
const HASHED = /\/assets\/[^/]+-[\w-]{8,}\.\w+(\.br|\.gz)?$/;
const YEAR_SECONDS = 365 * 24 * 60 * 60;

/** Without a build there is no route, and `/` is answered as any other page that isn't there. */
export async function screenRoutes(app: Api, dir: string): Promise<void> {
  if (!existsSync(join(dir, 'index.html'))) return;
  await app.register(async (screens) => {
    screens.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'public' };
    });
    await screens.register(fastifyStatic, {
      root: dir,
      wildcard: false,
      // `file.js.br` beside `file.js`, where the build made one
      preCompressed: true,
      dotfiles: 'deny',
      cacheControl: false,
      decorateReply: false,
      setHeaders: tell,
    });
  });
}

function tell(reply: FastifyReply, path: string): void {
  const keep = HASHED.test(path) ? `public, max-age=${String(YEAR_SECONDS)}, immutable` : 'no-cache';
  reply.headers({ ...HEADERS, 'cache-control': keep });
}
