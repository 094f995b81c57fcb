/**
 * Prints a one-time link that signs an operator in, and nothing else: for the first one, whom nobody can invite, and for who
 * lost their way in. `node services/api/firstOperator.ts` where an api runs; OPERATOR names who it is.
 */
import Type from 'typebox';
import { readEnv } from '#adapters/config/env.ts';
import { newUuid } from '#adapters/ids/uuid.ts';
import { createPool } from '#adapters/postgres/pool.ts';
import { issueLink } from './identity/links.ts';
import { publicAddressOf } from './identity/publicUrl.ts';

const env = readEnv(
  Type.Object({
    DATABASE_URL: Type.String({ minLength: 1 }),
    PUBLIC_URL: Type.String({ minLength: 1 }),
    OPERATOR: Type.String({ default: 'first', pattern: '^[a-z0-9][a-z0-9_-]{0,63}$' }),
  }),
  process.env,
);
const { origin } = publicAddressOf(env.PUBLIC_URL);
const pool = createPool(env.DATABASE_URL, 'first-operator', 1);
try {
  const { url } = await issueLink(pool, {
    member: { role: 'operator', subject: env.OPERATOR },
    // nobody's token: whoever can run this has the database
    issuer: { role: 'deployment', actor: 'firstOperator' },
    auditId: newUuid(Date.now()),
    origin,
  });
  process.stdout.write(`${url}\n`);
} finally {
  await pool.end();
}
