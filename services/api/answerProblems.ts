/** Whatever goes wrong, the answer is application/problem+json, and says nothing of our insides. */
import type { FastifyBaseLogger, FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { CellBusy, CellUnavailable } from '#cell/contract.ts';
import { isBusAway } from '#adapters/nats/bus.ts';
import { isAway } from '#adapters/postgres/away.ts';
import { documentOf, overloaded, Problem, type FieldProblem } from './problems.ts';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

export function answerProblem(error: unknown, reply: FastifyReply, counted: (code: string) => void): FastifyReply {
  const problem = problemOf(error);
  counted(problem.code);
  if (problem.code === 'internal') logFault(reply.request.log, error, reply.request);
  const document = documentOf(problem);
  return reply
    .code(document.status)
    .headers(problem.headers)
    .type(PROBLEM_TYPE)
    .serializer(JSON.stringify)
    .send(document);
}

/** The stack goes to our log; the request's body, headers and query never do. */
function logFault(log: FastifyBaseLogger, error: unknown, request: FastifyRequest): void {
  log.error({ err: error, route: request.routeOptions.url, method: request.method }, 'unexpected error');
}

export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof CellUnavailable) return unavailable(error.retryAfterSeconds);
  if (error instanceof CellBusy) return overloaded(Math.random);
  const given = error as Partial<FastifyError> & { code?: string };
  if (given.validation !== undefined) return invalid(given as FastifyError);
  if (isAway(error) || isBusAway(error)) return unavailable(1);
  return (
    ofFastify(given) ??
    new Problem('internal', 'An unexpected error; we have been told. Try again with the same Idempotency-Key.')
  );
}

function unavailable(afterSeconds: number): Problem {
  const detail =
    'We could not answer in time; it may or may not have taken effect. Send the same request again with the same Idempotency-Key.';
  return new Problem('unavailable', detail, { headers: { 'retry-after': String(afterSeconds) } });
}

function ofFastify(error: Partial<FastifyError>): Problem | null {
  switch (error.code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_INVALID_CONTENT_TYPE':
      return new Problem('unsupported-content-type', 'Send the body as JSON with Content-Type: application/json.');
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Problem('too-large', 'The body is larger than this API reads.');
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return new Problem('malformed-request', 'The body is empty; it must be a JSON object.');
    case 'FST_ERR_BAD_URL':
      return new Problem('malformed-request', 'The URL is malformed.');
    default:
      return ofStatus(error);
  }
}

function ofStatus(error: Partial<FastifyError> & { headers?: Record<string, string> }): Problem | null {
  const status = error.statusCode ?? 500;
  if (status === 416) return outside(error.headers?.['Content-Range'] ?? 'bytes */*');
  if (status < 400 || status >= 500) return null;
  return new Problem(
    'malformed-request',
    error instanceof SyntaxError ? 'The body is not valid JSON.' : 'The request is malformed.',
  );
}

function outside(contentRange: string): Problem {
  const detail = `Ask for bytes within the file: ${contentRange}.`;
  // A range may become one that can be had: nobody keeps this answer.
  return new Problem('range-not-satisfiable', detail, {
    headers: { 'content-range': contentRange, 'cache-control': 'no-store' },
  });
}

interface SchemaError {
  readonly keyword?: string;
  readonly instancePath?: string;
  readonly message?: string;
  readonly params?: Record<string, unknown>;
}

const MAX_FIELDS = 20;

/** Names each field that is wrong, once; unknown ones by name. */
function invalid(error: FastifyError): Problem {
  const where = error.validationContext ?? 'body';
  const fields = new Map<string, string>();
  for (const each of (error.validation ?? []) as readonly SchemaError[]) {
    for (const { field, detail } of fieldsOf(each, where)) if (!fields.has(field)) fields.set(field, detail);
  }
  const errors = [...fields].slice(0, MAX_FIELDS).map(([field, detail]) => ({ field, detail }));
  const detail = errors.map((each) => `${each.field}: ${each.detail}`).join('; ');
  return new Problem('malformed-request', detail === '' ? 'The request is malformed.' : detail.slice(0, 1000), {
    errors,
  });
}

function fieldsOf(error: SchemaError, where: string): FieldProblem[] {
  const base = error.instancePath ?? '';
  if (error.keyword === 'boolean' || error.keyword === 'anyOf') return [];
  if (error.keyword === 'additionalProperties')
    return named(error, 'additionalProperties', base, where, 'is not known here');
  if (error.keyword === 'required') return named(error, 'requiredProperties', base, where, 'is required');
  const allowed = error.params?.['allowedValues'];
  const detail = Array.isArray(allowed) ? `must be one of ${allowed.join(', ')}` : (error.message ?? 'is malformed');
  return [{ field: nameOf(base, where), detail }];
}

function named(error: SchemaError, key: string, base: string, where: string, detail: string): FieldProblem[] {
  const names = error.params?.[key];
  return (Array.isArray(names) ? names : []).map((name) => ({
    field: nameOf(`${base}/${String(name).slice(0, 64)}`, where),
    detail,
  }));
}

function nameOf(path: string, where: string): string {
  if (path === '') return where;
  return where === 'body' ? path : path.slice(1);
}
