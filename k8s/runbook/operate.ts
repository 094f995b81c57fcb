/**
 * An operator's requests to the api beside it: <method> <path>… [json]. `operate` of both runbook.sh runs it. Who can run it has the
 * database, so it lets itself in by a link (services/api/firstOperator.ts); TOKEN=… is another issuer's, where there are no links.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';

interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly body: unknown;
}

const [method = 'GET', ...words] = process.argv.slice(2);
const paths = words.filter((word) => word.startsWith('/'));
const json = words.find((word) => word.startsWith('{'));
const api = process.env['API_URL'] ?? `http://127.0.0.1:${String(process.env['APP_PORT'])}`;
const token = words.find((word) => word.startsWith('TOKEN='))?.slice('TOKEN='.length) ?? (await signIn());
const authorization = { authorization: `Bearer ${token}` };
for (const path of paths) {
  const answer = await ask(method, path, json, { ...authorization, ...(await headersOf(path)) });
  process.stdout.write(`${String(answer.status)} ${JSON.stringify(answer.body, null, 1)}\n`);
  if (!answer.ok) process.exitCode = 1;
}

async function headersOf(path: string): Promise<Record<string, string>> {
  if (method === 'GET') return {};
  const key = { 'idempotency-key': randomUUID() };
  if (method !== 'PATCH') return key;
  // an organisation is changed as it is now
  const { version } = (await ask('GET', path, undefined, authorization)).body as { version: number };
  return { ...key, 'if-match': `"${String(version)}"` };
}

async function ask(
  verb: string,
  where: string,
  body: string | undefined,
  more: Record<string, string>,
): Promise<Answer> {
  const typed = body === undefined ? more : { ...more, 'content-type': 'application/json' };
  const response = await fetch(`${api}${where}`, {
    method: verb,
    headers: typed,
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  return { ok: response.ok, status: response.status, body: text === '' ? null : JSON.parse(text) };
}

async function signIn(): Promise<string> {
  const env = { ...process.env, OPERATOR: 'runbook' };
  const link = execFileSync(process.execPath, ['services/api/firstOperator.ts'], { env, encoding: 'utf8' });
  const { ok, body } = await ask('POST', '/v1/auth/link', JSON.stringify({ token: link.trim().split('/').at(-1) }), {});
  if (!ok) throw new Error(`The api lets nobody in: ${JSON.stringify(body)}`);
  return (body as { accessToken: string }).accessToken;
}
