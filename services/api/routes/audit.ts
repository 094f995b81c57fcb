import Type from 'typebox';
import type { Pool } from '#adapters/postgres/pool.ts';
import { listOperatorAudit, type AuditRow } from '#adapters/postgres/sql/listAudit.ts';
import type { Directory } from '../organisations/directory.ts';
import { donorsOf } from '../organisations/donorsOf.ts';
import { namesOf } from '../organisations/names.ts';
import { malformed } from '../problems.ts';
import type { Api } from '../requests.ts';
import { answers } from '../schemas/answers.ts';
import { CursorText, Instant, Limit, NullableText } from '../schemas/words.ts';

export interface AuditDependencies {
  readonly pool: Pool;
  readonly directory: Pick<Directory, 'find'>;
}

const strict = { additionalProperties: false };
const nullable = (description: string) => Type.Unsafe<string | null>({ ...NullableText, description });
const Entry = Type.Object(
  {
    id: Type.String(),
    at: Instant,
    actor: Type.String({ description: 'the operator' }),
    action: Type.String({ description: 'e.g. surplus.assign, recipient.pause, donor.change' }),
    subject: Type.String({ description: 'lot:<id>, recipient:<id>, donor:<id> …' }),
    subjectName: nullable("the organisation's name; of a lot its donor's"),
    recipientName: nullable('who held the lot afterwards; null: nobody, or it was about no lot'),
    why: nullable('in their own words; null: nothing was asked'),
  },
  strict,
);
const Page = Type.Object({ items: Type.Array(Entry), nextCursor: NullableText }, strict);
const Query = Type.Object(
  {
    subject: Type.Optional(
      Type.String({
        pattern: '^(lot|recipient|donor):[\\w-]{1,120}$',
        maxLength: 130,
        description: 'what was done about this one only',
      }),
    ),
    limit: Type.Optional(Limit),
    cursor: Type.Optional(CursorText),
  },
  strict,
);

/** What operators did over the rules' head and else, for other operators to read. Nothing here is ever changed. */
export function auditRoutes(app: Api, { pool, directory }: AuditDependencies): void {
  app.get(
    '/v1/audit',
    {
      config: { access: ['operator'] },
      schema: {
        summary: 'What operators did, to whom and why; newest first',
        tags: ['operations'],
        querystring: Query,
        response: answers(200, Page, 'a page; nextCursor is null on the last one'),
      },
    },
    async (request) => {
      const { subject = null, limit = 50, cursor } = request.query;
      const rows = await listOperatorAudit(pool, { subject, afterId: afterIdOf(cursor), limit: limit + 1 });
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const nextCursor = rows.length > limit && last !== undefined ? Buffer.from(last.id).toString('base64url') : null;
      return { items: await withNames(pool, directory, page), nextCursor };
    },
  );
}

function afterIdOf(cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  const id = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) throw malformed('cursor', 'is no cursor of this list');
  return id;
}

async function withNames(pool: Pool, directory: Pick<Directory, 'find'>, rows: readonly AuditRow[]) {
  const idsOf = (kind: string): string[] =>
    rows.filter(({ subject }) => subject.startsWith(`${kind}:`)).map(({ subject }) => subject.slice(kind.length + 1));
  const lots = await donorsOf(pool, idsOf('lot'));
  const holders = rows.map(holderOf).filter((id) => id !== null);
  const [donors, recipients] = await Promise.all([
    namesOf(directory, 'donor', [...idsOf('donor'), ...lots.values()]),
    namesOf(directory, 'recipient', [...idsOf('recipient'), ...holders]),
  ]);
  const nameOf = (subject: string): string | null => {
    const [kind, id = ''] = subject.split(':');
    if (kind === 'recipient') return recipients.get(id) ?? null;
    return donors.get(kind === 'lot' ? (lots.get(id) ?? '') : id) ?? null;
  };
  return rows.map((row) => {
    const { id, at, actor, action, subject, why } = row;
    const recipientName = recipients.get(holderOf(row) ?? '') ?? null;
    return { id, at, actor, action, subject, subjectName: nameOf(subject), recipientName, why };
  });
}

/** Rows are of any kind and age: whatever else stands in them is passed over. */
function holderOf({ after }: AuditRow): string | null {
  const { offer } = (after ?? {}) as { readonly offer?: { readonly recipientId?: unknown } | null };
  return typeof offer?.recipientId === 'string' ? offer.recipientId : null;
}
