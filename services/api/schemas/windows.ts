import Type, { type Static } from 'typebox';
import { TEMPERATURES } from '#core/words/food.ts';
import { MAX_SKIPS } from '#core/windows/schedule.ts';
import { CategoryWord, Grams, Instant, NullableText, StorageWord, Words } from './words.ts';

const strict = { additionalProperties: false };
const LOCAL_DAY = '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$';
const Day = Type.String({ pattern: LOCAL_DAY, maxLength: 10, description: "the donor's local day, YYYY-MM-DD" });
/** Shorter than that nobody could come; longer is no daily surplus. */
const GoodForMinutes = Type.Integer({ minimum: 60, maximum: 72 * 60, description: 'how long it is good once posted' });

const told = {
  timeOfDay: Type.String({
    pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$',
    maxLength: 5,
    description: "HH:MM by the donor's clock, whatever daylight saving does",
  }),
  weekdays: Type.Array(Type.Integer({ minimum: 1, maximum: 7 }), {
    minItems: 1,
    maxItems: 7,
    uniqueItems: true,
    description: '1 is Monday, 7 Sunday',
  }),
  category: CategoryWord,
  storage: StorageWord,
  quantityGrams: Grams,
  goodForMinutes: GoodForMinutes,
};

export const SaveWindow = Type.Object(
  {
    ...told,
    note: Type.Optional(Words(500)),
    temperature: Type.Optional(
      Type.Enum(['promised'], { description: 'needed for hot (63 °C or hotter) and chilled food (5 °C or colder)' }),
    ),
    paused: Type.Optional(Type.Boolean()),
  },
  {
    ...strict,
    examples: [
      {
        timeOfDay: '21:30',
        weekdays: [1, 2, 3, 4, 5],
        category: 'bakery',
        storage: 'ambient',
        quantityGrams: 5_000,
        goodForMinutes: 240,
      },
    ],
  },
);
export type SaveWindowBody = Static<typeof SaveWindow>;

const nullable = <Properties extends Record<string, unknown>>(properties: Properties, description: string) => ({
  ...Type.Object(properties as never, strict),
  type: ['object', 'null'],
  description,
});

export const Window = Type.Object(
  {
    id: Type.String(),
    ...told,
    note: NullableText,
    temperature: Type.Unsafe<string | null>({ type: ['string', 'null'], enum: [...TEMPERATURES, null] }),
    paused: Type.Boolean(),
    skips: Type.Array(Day, { maxItems: MAX_SKIPS, description: 'days from today on which it does not post' }),
    next: nullable({ day: Day, at: Instant }, 'when it posts next; null: it is paused'),
    last: nullable(
      { day: Day, outcome: Type.Enum(['posted', 'missed', 'refused', 'paused']), surplusId: NullableText },
      'its latest day; missed: we were away for longer than half an hour; paused: the donor was',
    ),
    version: Type.Integer(),
  },
  { $id: 'Window', ...strict },
);
export const WindowList = Type.Object({ items: Type.Array(Type.Ref('Window')) }, { $id: 'WindowList', ...strict });

export const WindowId = Type.Object({
  id: Type.String({ maxLength: 36, description: 'a uuid you make: a repeat is the same window' }),
});
export const WindowDay = Type.Object({ ...WindowId.properties, day: Day });
