import Type from 'typebox';

export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: 'a page that says what happened and what to do' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    errors: Type.Optional(
      Type.Array(Type.Object({ field: Type.String(), detail: Type.String() }, { additionalProperties: false })),
    ),
  },
  { $id: 'Problem', additionalProperties: false, description: 'RFC 9457' },
);

const problem = {
  description: 'a problem (RFC 9457); each type has a page under /docs/errors/',
  content: { 'application/problem+json': { schema: Type.Ref('Problem') } },
};

/** What every route that asks a cell may answer when there is no room, or no answer in time. */
const later = {
  ...problem,
  description:
    '`overloaded`: nothing was done; `unavailable`: nobody knows yet. Send it again, with the same Idempotency-Key',
  headers: { 'Retry-After': { description: 'seconds to wait', schema: { type: 'integer', minimum: 1 } } },
};

/** The good answer of a route that asks a cell, that there may be none just now, and that everything else is a problem. */
export function cellAnswers(schema: string, status: 200 | 201, description: string) {
  return { ...answers(status, schema, description), 503: later };
}

/** The good answer of a route, and that everything else is a problem. @param schema a named schema, or one of its own */
export function answers(status: 200 | 201 | 204, schema: string | object, description = 'done') {
  const body = typeof schema === 'string' ? Type.Ref(schema) : schema;
  const good =
    status === 204 ? { description, type: 'null' } : { description, content: { 'application/json': { schema: body } } };
  return { [status]: good, default: problem };
}
