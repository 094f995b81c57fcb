/** The API's own description, read for tests: every operation with who may call it and what it answers. */
import { Compile } from 'typebox/compile';
import type { World } from './world.ts';

export interface Operation {
  /** e.g. `POST /v1/offers/{id}/accept` */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  /** null: public */
  readonly roles: readonly string[] | null;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: Schema;
  }[];
  /** null: it takes none */
  readonly body: Schema;
  /** status → checks a JSON body */
  readonly answers: ReadonlyMap<number, (body: unknown) => string | null>;
}

// JSON Schema as it comes.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Schema = any;

export async function operationsOf(world: World): Promise<Operation[]> {
  const { body: document } = await world.ask('GET', '/openapi.json');
  const named = document.components.schemas as Record<string, Schema>;
  return Object.entries(document.paths as Record<string, Record<string, Schema>>).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      roles: (described['x-roles'] as string[] | undefined) ?? null,
      parameters: described['parameters'] ?? [],
      body: resolved(described['requestBody']?.content['application/json'].schema ?? null, named),
      answers: answersOf(described['responses'], named),
    })),
  );
}

function answersOf(responses: Record<string, Schema>, named: Record<string, Schema>): Operation['answers'] {
  const checks = new Map<number, (body: unknown) => string | null>();
  for (const [status, response] of Object.entries(responses)) {
    const schema = response.content?.['application/json']?.schema;
    if (schema !== undefined) checks.set(Number(status), checkOf(resolved(schema, named)));
  }
  return checks;
}

/** @returns what is wrong, or null */
export function checkOf(schema: Schema): (body: unknown) => string | null {
  const compiled = Compile(schema);
  return (body) => (compiled.Check(body) ? null : JSON.stringify(compiled.Errors(body).slice(0, 5)));
}

function resolved(schema: Schema, named: Record<string, Schema>): Schema {
  if (Array.isArray(schema)) return schema.map((each: Schema) => resolved(each, named));
  if (typeof schema !== 'object' || schema === null) return schema;
  if (typeof schema.$ref === 'string') return resolved(named[schema.$ref.split('/').at(-1)], named);
  return Object.fromEntries(Object.entries(schema).map(([name, each]) => [name, resolved(each, named)]));
}
