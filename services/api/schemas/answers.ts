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

/** The good answer of a route, and that everything else is a problem. @param schema a named schema, or one of its own */
export function answers(status: 200 | 201 | 204, schema: string | object, description = 'done') {
  const body = typeof schema === 'string' ? Type.Ref(schema) : schema;
  const good =
    status === 204 ? { description, type: 'null' } : { description, content: { 'application/json': { schema: body } } };
  return { [status]: good, default: problem };
}
