/** Prints a token and nothing else. `ROLE=donor ORG=<id> node dev/issuer/token.ts`, or `make -s token …`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function issuerUrl(): string {
  const given = process.env['JWT_ISSUER_URL'];
  if (given !== undefined && given !== '') return given;
  try {
    const ports = JSON.parse(readFileSync(join(import.meta.dirname, '../ports.json'), 'utf8')) as { issuer?: number };
    if (ports.issuer !== undefined) return `http://127.0.0.1:${String(ports.issuer)}`;
  } catch {
    // said below
  }
  fail('dev/ports.json names no port `issuer`; set JWT_ISSUER_URL instead.');
}

async function ask(url: string, role: string, org: string): Promise<Response> {
  try {
    return await fetch(`${url}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(org === '' ? { role } : { role, org }),
      signal: AbortSignal.timeout(5_000),
    });
  } catch {
    fail(`No token issuer answers at ${url}. Start everything with: make run`);
  }
}

const { ROLE: role = '', ORG: org = '' } = process.env;
if (!['donor', 'recipient', 'operator'].includes(role)) {
  fail(
    'Say for whom: make -s token ROLE=donor ORG=<id>   (ROLE is donor, recipient or operator; an operator has no ORG)',
  );
}
if (role !== 'operator' && org === '') fail(`Say which ${role}: make -s token ROLE=${role} ORG=<id>`);
const response = await ask(issuerUrl(), role, org);
const answer = (await response.json().catch(() => ({}))) as { token?: string; error?: string };
if (!response.ok || answer.token === undefined) fail(answer.error ?? `The issuer answered ${String(response.status)}.`);
process.stdout.write(`${answer.token}\n`);
