/**
 * What stands before the api in these tests: the built screens, and sessions made of the development issuer's tokens.
 * A cookie says who the phone is; the product has no such door. All else is passed on to the api.
 */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { askToken, type Role } from '../../dev/issuer/tokens.ts';

const DIST = join(import.meta.dirname, '../../web/dist');
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};
/** The contract's content policy. */
const CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  "worker-src 'self'",
  "manifest-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

export interface Front {
  readonly url: string;
  /** what was asked of the api with a body, oldest first */
  readonly asked: { readonly method: string; readonly path: string; readonly key: string }[];
  stop(): Promise<void>;
}

export interface FrontOptions {
  readonly apiUrl: string;
  readonly issuerUrl: string;
  readonly timeZone: string;
}

export async function startFront(options: FrontOptions): Promise<Front> {
  if (!existsSync(join(DIST, 'index.html'))) throw new Error('The screens are not built: run make setup.');
  const asked: Front['asked'] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://front');
    const { method = 'GET' } = request;
    if (pathname.startsWith('/v1/auth/') || pathname === '/v1/me') {
      void answerWho(pathname, request, response, options);
    } else if (pathname.startsWith('/v1/')) {
      if (method !== 'GET') asked.push({ method, path: pathname, key: String(request.headers['idempotency-key']) });
      passOn(options.apiUrl, request, response);
    } else {
      sendFile(pathname, response);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${String(port)}`,
    asked,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function sendFile(pathname: string, response: ServerResponse): void {
  const path = join(DIST, normalize(pathname === '/' ? '/index.html' : pathname));
  if (!path.startsWith(DIST) || !existsSync(path) || !statSync(path).isFile()) {
    response.writeHead(404).end();
    return;
  }
  const type = TYPES[extname(path)] ?? 'application/octet-stream';
  response.writeHead(200, {
    'content-type': type,
    'content-security-policy': CONTENT_POLICY,
    'cache-control': 'no-cache',
  });
  createReadStream(path).pipe(response);
}

function passOn(apiUrl: string, request: IncomingMessage, response: ServerResponse): void {
  const { method, headers, url = '/' } = request;
  const onward = ask(`${apiUrl}${url}`, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}

async function answerWho(pathname: string, request: IncomingMessage, response: ServerResponse, options: FrontOptions) {
  const send = (status: number, body: unknown, headers: Record<string, string> = {}): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
  const problem = (code: string): void => send(401, { type: `/docs/errors/${code}`, detail: code });
  const [, role, org = ''] = /who=([a-z]+):([a-z0-9_-]*)/.exec(request.headers.cookie ?? '') ?? [];
  if (pathname === '/v1/auth/link') return problem('link-used');
  if (pathname === '/v1/auth/sign-out') return send(204, null, { 'set-cookie': 'who=; Max-Age=0; Path=/' });
  if (role === undefined) return problem('not-authenticated');
  const organisationId = org === '' ? null : org;
  const { timeZone } = options;
  if (pathname === '/v1/me') return send(200, { role, organisationId, name: org, timeZone });
  const accessToken = await askToken(options.issuerUrl, role as Role, org);
  return send(200, { accessToken, expiresInSeconds: 900, role, organisationId, name: org });
}
