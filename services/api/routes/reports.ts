import Type from 'typebox';
import type { Pool } from '#adapters/postgres/pool.ts';
import { listHandovers } from '#adapters/postgres/sql/listHandovers.ts';
import { readOrganisation } from '#adapters/postgres/sql/organisations.ts';
import { impactOf, type ImpactFactors } from '#core/words/impact.ts';
import { principalOfRequest } from '../auth/gate.ts';
import type { Identity } from '../identity/identity.ts';
import { organisationIdOf } from '../pathIds.ts';
import { Problem } from '../problems.ts';
import { csvOf } from '../reports/csv.ts';
import { localTimestamp, monthOf } from '../reports/month.ts';
import { signReceipt } from '../reports/receipt.ts';
import type { Api } from '../requests.ts';
import { answers } from '../schemas/answers.ts';
import { impactFields } from '../schemas/impact.ts';
import { CategoryWord, Instant, NullableText, OrganisationId, StorageWord } from '../schemas/words.ts';

export interface ReportDependencies {
  readonly pool: Pool;
  readonly identity: Identity | null;
  readonly impactFactors: ImpactFactors;
  readonly nowMs: () => number;
}

const strict = { additionalProperties: false };
/** Thirty a day for a year would not reach it. */
const MOST_HANDOVERS = 10_000;
const Month = Type.String({ pattern: '^20\\d{2}-(0[1-9]|1[0-2])$', maxLength: 7, description: 'YYYY-MM' });

const Handover = Type.Object(
  {
    at: Instant,
    surplusId: Type.String(),
    offerId: Type.String(),
    category: CategoryWord,
    storage: StorageWord,
    quantityGrams: Type.Integer(),
    recipientName: Type.String(),
  },
  strict,
);

const DonorReport = Type.Object(
  {
    donorId: Type.String(),
    name: Type.String(),
    month: Month,
    timeZone: Type.String({ description: "by whose days the month is counted: the donor's" }),
    isComplete: Type.Boolean({ description: 'false: the month is not over' }),
    handedOverGrams: Type.Integer(),
    handovers: Type.Integer(),
    ...impactFields,
    items: Type.Array(Handover, { description: 'each proved handover, oldest first' }),
    csv: Type.String({ description: 'the same as a file for spreadsheets (RFC 4180)' }),
    receipt: Type.Unsafe<string | null>({
      ...NullableText,
      description:
        'a JWS over the sums and the SHA-256 of `csv`, under a key of /.well-known/jwks.json; null: people sign in elsewhere',
    }),
  },
  strict,
);

export function reportRoutes(app: Api, { pool, identity, impactFactors, nowMs }: ReportDependencies): void {
  app.get(
    '/v1/donors/:id/reports/:month',
    {
      config: { access: ['donor', 'operator'] },
      schema: {
        summary: "A donor's month: what was handed over, and a receipt that can be checked offline (docs/receipts.md)",
        tags: ['donors'],
        params: Type.Object({ ...OrganisationId.properties, month: Month }),
        response: answers(200, DonorReport),
      },
    },
    async (request, reply) => {
      const principal = principalOfRequest(request);
      const donorId = organisationIdOf(request.params.id);
      const isTheirs = principal.role === 'operator' || principal.id === donorId;
      const donor = isTheirs ? await readOrganisation(pool, 'donor', donorId) : null;
      if (donor === null) throw new Problem('not-found', 'There is no such donor of yours.');
      const { month } = request.params;
      const timeZone = String(donor.told['timeZone']);
      const span = monthOf(month, timeZone, nowMs());
      const rows = await listHandovers(pool, donorId, span, MOST_HANDOVERS + 1);
      if (rows.length > MOST_HANDOVERS) throw new Problem('too-large', 'This month has too many handovers to list.');
      const told = {
        name: donor.name,
        ...{ donorId, month, timeZone, isComplete: span.isComplete },
        handedOverGrams: rows.reduce((sum, row) => sum + row.quantityGrams, 0),
        handovers: rows.length,
        csv: csvOf(rows, (atMs) => localTimestamp(timeZone, atMs)),
      };
      const receipt = identity === null ? null : await signReceipt(identity, told, nowMs());
      const items = rows.map((row) => ({ ...row, at: row.at.toISOString() }));
      // Beside what is signed, not in it: an estimate is no proof.
      const impact = { impact: impactOf(told.handedOverGrams, impactFactors), factors: impactFactors };
      return await reply.header('cache-control', 'no-store').send({ ...told, ...impact, items, receipt });
    },
  );
}
