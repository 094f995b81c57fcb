/** `make dlq ARGS="list | replay SEQ | discard SEQ"`: an operator's view of the dead letters, through the API. */
import { randomUUID } from 'node:crypto';
import { createApi, OPERATOR, type Api } from '../simulate/api.ts';
import { portUrl } from '../simulate/settings.ts';

const USAGE = 'make dlq ARGS="list"   ARGS="replay SEQ"   ARGS="discard SEQ"';

interface Item {
  readonly seq: number;
  readonly at: string;
  readonly cause: string;
  readonly detail: string;
  readonly lotId: string | null;
  readonly region: string;
  readonly lotVersion: number;
}

async function list(api: Api): Promise<void> {
  const items: Item[] = [];
  for (let cursor: string | null = null; ;) {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const answer = await api.call<{ items?: Item[]; nextCursor?: string | null }>(
      OPERATOR,
      'GET',
      `/v1/dead-letters?limit=100${query}`,
    );
    if (answer.status !== 200) throw new Error(saying(answer.status, answer.body));
    items.push(...(answer.body.items ?? []));
    cursor = answer.body.nextCursor ?? null;
    if (cursor === null) break;
  }
  process.stdout.write(items.length === 0 ? 'No dead letters.\n' : table(items));
}

function table(items: readonly Item[]): string {
  const rows = items.map((item) => [
    String(item.seq),
    item.at.slice(0, 19).replace('T', ' '),
    item.cause,
    item.region,
    item.lotId ?? '–',
    item.detail,
  ]);
  const all = [['SEQ', 'AT (UTC)', 'CAUSE', 'REGION', 'SURPLUS', 'DETAIL'], ...rows];
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map(
      (row) =>
        row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd() + '\n',
    )
    .join('');
}

async function act(api: Api, verb: 'replay' | 'discard', seq: string): Promise<void> {
  const path = `/v1/dead-letters/${seq}/${verb}`;
  const answer = await api.call(OPERATOR, 'POST', path, {
    key: randomUUID(),
    deadlineMs: 30_000,
  });
  if (answer.status >= 300) throw new Error(saying(answer.status, answer.body));
  process.stdout.write(`${verb === 'replay' ? 'Replayed' : 'Discarded'} dead letter ${seq}.\n`);
}

function saying(status: number, body: unknown): string {
  const { title = '', detail = '' } = body as { title?: string; detail?: string };
  return `The API said ${String(status)}: ${title} ${detail}`;
}

const [verb = 'list', seq = ''] = process.argv.slice(2);
const api = createApi({
  apiUrl: process.env['API_URL'] ?? portUrl('api', 8080),
  issuerUrl: process.env['JWT_ISSUER_URL'] ?? portUrl('issuer', 27150),
});
try {
  if (verb === 'list') await list(api);
  else if ((verb === 'replay' || verb === 'discard') && /^[1-9][0-9]*$/.test(seq)) await act(api, verb, seq);
  else throw new Error(USAGE);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
