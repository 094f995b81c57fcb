import Type from 'typebox';
import { CursorText, Grams, Limit, Words } from './words.ts';

const strict = { additionalProperties: false };

export const OfferQuery = Type.Object(
  {
    state: Type.Optional(Type.Enum(['open', 'claimed'])),
    recipientId: Type.Optional(Type.String({ maxLength: 64, description: 'for operators: whose offers' })),
    limit: Type.Optional(Limit),
    cursor: Type.Optional(CursorText),
  },
  strict,
);

export const Accept = Type.Object({ quantityGrams: Type.Optional(Grams) }, strict);
export const Decline = Type.Object({ reason: Words(200) }, strict);
export const Handover = Type.Object(
  {
    code: Type.String({ pattern: '^[0-9]{8}$', maxLength: 8, description: "the donor's 8 digits" }),
    quantityGrams: Type.Optional(Grams),
    hotEnough: Type.Optional(
      Type.Boolean({ description: 'you measured it: 63 °C or hotter; hot food is not handed over without it' }),
    ),
  },
  strict,
);

export const HandoverCodeAnswer = Type.Object(
  { offerId: Type.String(), code: Type.String({ pattern: '^[0-9]{8}$' }) },
  strict,
);
