import Type from 'typebox';
import type { DonorOversight, HourOversight, RecipientOversight } from '#adapters/postgres/sql/oversight.ts';
import type { Api } from '../requests.ts';
import { answers } from '../schemas/answers.ts';
import { Instant, NullableInstant } from '../schemas/words.ts';

export interface Oversight {
  readonly recipients: () => Promise<RecipientOversight[]>;
  readonly donors: () => Promise<DonorOversight[]>;
  readonly hours: () => Promise<HourOversight[]>;
}

const strict = { additionalProperties: false };
const Count = Type.Integer({ minimum: 0 });
const tags = ['operations'];

const Recipient = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    active: Type.Boolean(),
    pausedByOperator: Type.Boolean(),
    fallback: Type.Boolean(),
    asked: Type.Integer({ minimum: 0, description: 'offers of the last 30 days that it answered, or that lapsed' }),
    accepted: Count,
    declined: Count,
    lapsed: Count,
    released: Count,
    devices: Type.Integer({ minimum: 0, description: 'browsers that are notified and alive' }),
    deadDevices: Type.Integer({ minimum: 0, description: 'gone (404, 410), or silent for 30 days' }),
    lastPushAt: Type.Unsafe<string | null>({ ...NullableInstant, description: 'shown on a device, by its own word' }),
    phone: Type.Enum(['none', 'given', 'refused'], { description: 'the second channel' }),
    lastTextAt: NullableInstant,
  },
  strict,
);
const Donor = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    active: Type.Boolean(),
    pausedByOperator: Type.Boolean(),
    posts: Count,
    cancelled: Count,
    expired: Count,
    badHandovers: Type.Integer({ minimum: 0, description: 'less than was claimed, or the code locked' }),
  },
  strict,
);
const Hour = Type.Object(
  {
    from: Instant,
    postedGrams: Count,
    collectedGrams: Count,
    lostGrams: Type.Integer({ minimum: 0, description: 'expired and cancelled' }),
  },
  strict,
);
const listOf = (item: object) => Type.Object({ items: Type.Array(item) }, strict);

/** What operators look at to see who answers, who is trouble, and how the day goes. */
export function oversightRoutes(app: Api, { oversight }: { readonly oversight: Oversight }): void {
  const lists = {
    recipients: { summary: 'Recipients by name: who answers, and who is still reached', item: Recipient },
    donors: { summary: 'Who posted in the last 30 days, the most trouble first', item: Donor },
    hours: { summary: 'The last 24 hours, in grams', item: Hour },
  };
  for (const [name, { summary, item }] of Object.entries(lists)) {
    app.get(
      `/v1/oversight/${name}`,
      {
        config: { access: ['operator'] },
        schema: { summary, tags, response: answers(200, listOf(item)) },
      },
      async () => ({ items: await oversight[name as keyof Oversight]() }),
    );
  }
}
