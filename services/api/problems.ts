/** The one table: why something was refused → status and title. Each code has a page in docs/errors/<code>.md. */
import type { Refusal } from '#core/lots/command.ts';

interface ProblemKind {
  readonly status: number;
  readonly title: string;
}

const REFUSALS = {
  'not-found': { status: 404, title: 'Not there, or not yours' },
  'offer-lapsed': { status: 409, title: 'The offer lapsed' },
  'offer-closed': { status: 409, title: 'It is closed already' },
  'already-claimed': { status: 409, title: 'The offer is claimed already' },
  capacity: { status: 409, title: 'No capacity left' },
  quantity: { status: 409, title: 'More grams than the offer holds' },
  'wrong-code': { status: 409, title: 'The handover code is wrong' },
  'code-locked': { status: 409, title: 'The handover code is locked' },
  'too-cold': { status: 409, title: 'Hot food must be 63 °C or hotter' },
  'stale-version': { status: 412, title: 'It has changed since you read it' },
  'key-reuse': { status: 422, title: 'The Idempotency-Key was used for another request' },
  unsuitable: { status: 409, title: 'This recipient cannot take it' },
  deadline: { status: 409, title: 'Not a possible deadline' },
  'not-now': { status: 409, title: 'Not at this moment' },
  'donor-paused': { status: 409, title: 'The donor is paused' },
  unsafe: { status: 400, title: 'safeUntil is out of range' },
  poisoned: { status: 422, title: 'The request cannot be stored' },
} as const satisfies Record<Refusal, ProblemKind>;

export const PROBLEMS = {
  ...REFUSALS,
  'malformed-request': { status: 400, title: 'The request is malformed' },
  'idempotency-key-missing': { status: 400, title: 'The Idempotency-Key header is missing' },
  'not-authenticated': { status: 401, title: 'No valid token' },
  'link-used': { status: 401, title: 'The link has been used' },
  'link-expired': { status: 401, title: 'The link has expired' },
  'passkey-refused': { status: 403, title: 'The passkey does not fit' },
  'other-site': { status: 403, title: 'Asked by a page of another site' },
  'role-not-allowed': { status: 403, title: 'Your role may not do this' },
  'organisation-unknown': { status: 403, title: "The token's organisation is not known" },
  'no-such-route': { status: 404, title: 'There is no such page' },
  'method-not-allowed': { status: 405, title: 'The method is not allowed here' },
  'window-over': { status: 409, title: 'That day is over' },
  'already-exists': { status: 409, title: 'It exists already' },
  'in-flight': { status: 409, title: 'The same request is under way' },
  'too-large': { status: 413, title: 'The request is too large' },
  'unsupported-content-type': { status: 415, title: 'The body must be application/json' },
  'range-not-satisfiable': { status: 416, title: 'The range is outside of the file' },
  'if-match-missing': { status: 428, title: 'The If-Match header is missing' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  overloaded: { status: 503, title: 'Too much at once' },
  unavailable: { status: 503, title: 'Not available just now' },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;
export const PROBLEM_CODES = Object.keys(PROBLEMS) as readonly ProblemCode[];

export interface FieldProblem {
  /** JSON pointer into the body, or the name of a parameter or header */
  readonly field: string;
  readonly detail: string;
}

/** RFC 9457, with `errors` for single fields. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly FieldProblem[];
}

/** Thrown by handlers and hooks to end a request; the error handler makes the document of it. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly errors: readonly FieldProblem[];
  constructor(
    code: ProblemCode,
    detail: string,
    given: { headers?: Readonly<Record<string, string>>; errors?: readonly FieldProblem[] } = {},
  ) {
    // Nobody reads where a refusal was made: without its stack one costs a tenth, and in a flood thousands are made a second.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(detail);
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.headers = given.headers ?? {};
    this.errors = given.errors ?? [];
  }
}

export function malformed(field: string, detail: string): Problem {
  return new Problem('malformed-request', `${field}: ${detail}`, { errors: [{ field, detail }] });
}

const RETRY_FIRST_SECONDS = 1;
/** Who was refused together does not come back together. */
const RETRY_SPREAD_SECONDS = 4;

/** Turned away before anything was done. @param random 0 to 1 */
export function overloaded(random: () => number): Problem {
  const seconds = String(RETRY_FIRST_SECONDS + Math.floor(random() * RETRY_SPREAD_SECONDS));
  const detail = `Nothing was done. Send it again in ${seconds} s with the same Idempotency-Key.`;
  return new Problem('overloaded', detail, { headers: { 'retry-after': seconds } });
}

export function documentOf(problem: Problem): ProblemDocument {
  const { status, title } = PROBLEMS[problem.code];
  const errors = problem.errors.length === 0 ? {} : { errors: problem.errors };
  return { type: `/docs/errors/${problem.code}`, title, status, detail: problem.message, ...errors };
}
