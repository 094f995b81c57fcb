import Type, { type Static } from 'typebox';
import { LOT_STATES, OFFER_STATES } from '#core/lots/lot.ts';
import { TEMPERATURES } from '#core/words/food.ts';
import { CategoryWord, CursorText, Grams, Instant, Limit, Location, PhotoId } from './words.ts';
import { NullableInstant, NullableInteger, NullableText, StorageWord, Words } from './words.ts';

const TemperatureWord = Type.Enum([...TEMPERATURES], {
  description:
    'hot food is 63 °C or hotter, chilled food 5 °C or colder: measured for this post, or promised for each; shown to the recipient',
});

export const PostSurplus = Type.Object(
  {
    category: CategoryWord,
    quantityGrams: Grams,
    servings: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    storage: StorageWord,
    readyFrom: Type.Optional(Instant),
    safeUntil: Instant,
    location: Type.Optional(Location),
    note: Type.Optional(Words(500)),
    temperature: Type.Optional(TemperatureWord),
    photo: Type.Optional({
      ...PhotoId,
      description: 'PUT /v1/photos/{id} brings it, before or after: food never waits for its picture',
    }),
  },
  {
    additionalProperties: false,
    examples: [
      {
        category: 'prepared',
        quantityGrams: 12_000,
        storage: 'chilled',
        safeUntil: '2030-01-01T21:00:00Z',
        note: 'Ring at the back door',
      },
    ],
  },
);
export type PostSurplusBody = Static<typeof PostSurplus>;

export const LotState = Type.Enum([...LOT_STATES]);

const Reason = Type.Object({ code: Type.String(), text: Type.String() }, { additionalProperties: true });

const offerFields = {
  id: Type.String(),
  surplusId: Type.String(),
  state: Type.Enum([...OFFER_STATES]),
  recipientId: Type.String(),
  recipientName: Type.String(),
  quantityGrams: Type.Integer(),
  deadline: Instant,
  distanceMeters: Type.Number(),
  travelSeconds: Type.Number(),
  travelSource: Type.Enum(['route', 'estimate']),
  fallback: Type.Boolean(),
  offeredAt: Instant,
  answeredAt: NullableInstant,
  pickupBy: NullableInstant,
  reasons: Type.Array(Reason),
};

const foodFields = {
  id: Type.String(),
  rootId: Type.String(),
  parentId: NullableText,
  donorId: Type.String(),
  state: LotState,
  version: Type.Integer(),
  cell: Type.String({ description: 'S2 token' }),
  region: Type.String({ description: 'S2 token' }),
  category: CategoryWord,
  storage: StorageWord,
  quantityGrams: Type.Integer(),
  postedGrams: Type.Integer(),
  servings: NullableInteger,
  postedAt: Instant,
  readyFrom: Instant,
  safeUntil: Instant,
  location: Location,
  note: NullableText,
  temperature: Type.Unsafe<'checked' | 'promised' | null>({
    type: ['string', 'null'],
    enum: [...TEMPERATURES, null],
    description: 'what the donor says of hot or chilled food; null: nothing',
  }),
  photo: Type.Unsafe<string | null>({ ...NullableText, description: 'it has one, at /v1/surplus/{id}/photo' }),
  attempt: Type.Integer(),
  tries: Type.Integer(),
  deadLettered: Type.Boolean(),
  nextActionAt: NullableInstant,
};

/** The donor's way in, told to who claimed. */
const OfferDonor = Type.Object(
  {
    id: Type.String(),
    name: NullableText,
    contact: Type.Unsafe<object | null>({
      type: ['object', 'null'],
      description: 'only once you have claimed the offer',
    }),
  },
  { additionalProperties: false },
);

export const Offer = Type.Object(
  {
    ...offerFields,
    surplus: Type.Object(foodFields, { additionalProperties: false }),
    donor: Type.Optional(OfferDonor),
  },
  { $id: 'Offer', additionalProperties: false },
);
const LotOffer = Type.Object(offerFields, { additionalProperties: false });
const NullableOffer = Type.Union([LotOffer, Type.Null()]);
const Lot = Type.Object(
  { ...foodFields, offer: NullableOffer, lots: Type.Array(Type.Unknown(), { maxItems: 0 }) },
  { additionalProperties: false },
);

export const Step = Type.Object(
  {
    version: Type.Integer(),
    from: NullableText,
    to: LotState,
    reason: Type.String(),
    offerId: NullableText,
    recipientId: NullableText,
    detail: NullableText,
    quantityGrams: Type.Integer(),
    at: Instant,
  },
  { additionalProperties: false },
);

const surplusFields = {
  ...foodFields,
  donorName: Type.Optional(Type.String({ description: 'for operators' })),
  offer: NullableOffer,
  lots: Type.Array(Lot, { description: 'the other lots of the same post' }),
};
export const Surplus = Type.Object(surplusFields, { $id: 'Surplus', additionalProperties: false });
export const SurplusWithHistory = Type.Object(
  {
    ...surplusFields,
    offers: Type.Optional(Type.Array(LotOffer, { description: 'for operators: who was asked, oldest first' })),
    history: Type.Array(Step),
  },
  { $id: 'SurplusWithHistory', additionalProperties: false },
);

export const SurplusPage = Type.Object(
  { items: Type.Array(Type.Ref('Surplus')), nextCursor: NullableText },
  { $id: 'SurplusPage', additionalProperties: false },
);
export const OfferPage = Type.Object(
  { items: Type.Array(Type.Ref('Offer')), nextCursor: NullableText },
  { $id: 'OfferPage', additionalProperties: false },
);

export const SurplusQuery = Type.Object(
  { state: Type.Optional(LotState), limit: Type.Optional(Limit), cursor: Type.Optional(CursorText) },
  { additionalProperties: false },
);
