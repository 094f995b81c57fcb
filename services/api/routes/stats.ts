import Type from 'typebox';
import type { Stats } from '#adapters/postgres/sql/readStats.ts';
import type { Api } from '../requests.ts';
import { answers } from '../schemas/answers.ts';

const Count = Type.Integer({ minimum: 0 });
const ByState = Type.Record(Type.String(), Count, { description: 'how many there are by state' });

const StatsAnswer = Type.Object(
  {
    postedGrams: Type.Integer({ minimum: 0, description: 'always collected + expired + cancelled + open' }),
    collectedGrams: Count,
    collectedViaFallbackGrams: Type.Integer({
      minimum: 0,
      description: 'of the collected, by the food bank of last resort',
    }),
    expiredGrams: Count,
    cancelledGrams: Count,
    openGrams: Count,
    lots: ByState,
    offers: ByState,
    deadLetteredLots: Count,
    overdueLots: Type.Integer({ minimum: 0, description: 'open, and more than 5 s past their next action' }),
    unpublishedEvents: Count,
  },
  { additionalProperties: false },
);

export function statsRoutes(app: Api, { stats }: { readonly stats: () => Promise<Stats> }): void {
  app.get(
    '/v1/stats',
    {
      config: { access: ['operator'] },
      schema: {
        summary: 'The ledger in grams, at one moment',
        tags: ['operations'],
        response: answers(200, StatsAnswer),
      },
    },
    async () => await stats(),
  );
}
