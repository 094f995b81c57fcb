import Type from 'typebox';
import type { Pool } from '#adapters/postgres/pool.ts';
import { readCollected } from '#adapters/postgres/sql/readImpact.ts';
import { impactOf, type ImpactFactors } from '#core/words/impact.ts';
import { principalOfRequest } from '../auth/gate.ts';
import { organisationIdOf } from '../pathIds.ts';
import { Problem } from '../problems.ts';
import type { Api } from '../requests.ts';
import { answers } from '../schemas/answers.ts';
import { impactFields } from '../schemas/impact.ts';
import { OrganisationId } from '../schemas/words.ts';

const strict = { additionalProperties: false };
const Count = Type.Integer({ minimum: 0 });
const ImpactAnswer = Type.Object(
  {
    collectedGrams: Count,
    lastMonthGrams: Type.Integer({ minimum: 0, description: 'of it in the last 30 days' }),
    handovers: Count,
    ...impactFields,
  },
  strict,
);

interface ImpactDependencies {
  readonly pool: Pool;
  readonly impactFactors: ImpactFactors;
}

export function impactRoutes(app: Api, { pool, impactFactors }: ImpactDependencies): void {
  app.get(
    '/v1/recipients/:id/impact',
    {
      config: { access: ['recipient', 'operator'] },
      schema: {
        summary: 'What a recipient has collected, and what it comes to',
        tags: ['recipients'],
        params: OrganisationId,
        response: answers(200, ImpactAnswer),
      },
    },
    async (request) => {
      const principal = principalOfRequest(request);
      const id = organisationIdOf(request.params.id);
      if (principal.role !== 'operator' && principal.id !== id)
        throw new Problem('not-found', 'There is no such recipient of yours.');
      const { grams, monthGrams, handovers } = await readCollected(pool, id);
      const impact = impactOf(grams, impactFactors);
      return { collectedGrams: grams, lastMonthGrams: monthGrams, handovers, impact, factors: impactFactors };
    },
  );
}
