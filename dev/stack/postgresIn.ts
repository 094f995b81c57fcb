import { join } from 'node:path';
import type { PostgresOptions } from './infrastructure/postgres.ts';
import { secretsIn, type Secrets } from './secrets.ts';
import { findTools } from './tools.ts';

/** The PostgreSQL of the stack in that folder, listening (or reached) on that port. */
export function postgresIn(dir: string, port: number, secrets: Secrets = secretsIn(dir)): PostgresOptions {
  return {
    bin: findTools().postgresBin,
    dir: join(dir, 'postgres'),
    port,
    passwords: { superuser: secrets.postgresPassword, owner: secrets.ownerPassword, app: secrets.appPassword },
    durable: true,
  };
}
