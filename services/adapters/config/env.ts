import { Value } from 'typebox/value';
import type { Static, TObject } from 'typebox';

/**
 * Reads the environment by a schema: unset variables take the schema's default, numbers and booleans are converted.
 * @throws Error naming each variable that is missing or malformed, and why; never its value
 */
export function readEnv<Schema extends TObject>(schema: Schema, env: NodeJS.ProcessEnv): Static<Schema> {
  const known = Object.fromEntries(
    Object.keys(schema.properties).flatMap((name) =>
      env[name] === undefined || env[name] === '' ? [] : [[name, env[name]]],
    ),
  );
  const value = Value.Convert(schema, Value.Default(schema, known));
  if (Value.Check(schema, value)) return value;
  const problems = [...Value.Errors(schema, value)].map(
    (error) => `${error.instancePath.slice(1) || 'environment'}: ${error.message}`,
  );
  throw new Error(
    `The environment is not complete.\n  ${problems.join('\n  ')}\nSee dev/README.md for what each variable means.`,
  );
}
