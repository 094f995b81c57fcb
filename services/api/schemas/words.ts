import Type from 'typebox';
import { CATEGORIES, MAX_GRAMS, STORAGES } from '#core/words/food.ts';

/** Words that several schemas use. Nullable scalars are type arrays: shorter in OpenAPI 3.1 than anyOf. */
export const Instant = Type.String({ format: 'date-time', maxLength: 40, description: 'RFC 3339, with its zone' });
export const NullableInstant = Type.Unsafe<string | null>({ type: ['string', 'null'], format: 'date-time' });
export const NullableText = Type.Unsafe<string | null>({ type: ['string', 'null'] });
export const NullableInteger = Type.Unsafe<number | null>({ type: ['integer', 'null'] });
export const CategoryWord = Type.Enum([...CATEGORIES]);
export const StorageWord = Type.Enum([...STORAGES]);
export const Grams = Type.Integer({ minimum: 1, maximum: MAX_GRAMS });
export const Location = Type.Object(
  { lat: Type.Number({ minimum: -90, maximum: 90 }), lon: Type.Number({ minimum: -180, maximum: 180 }) },
  { additionalProperties: false, description: 'WGS 84 degrees' },
);
/** Text a person wrote: spaces alone say nothing. */
export const Words = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: '\\S' });

export const LotId = Type.Object({ id: Type.String({ maxLength: 300, description: '`<cell token>-<uuid v7>`' }) });
export const OfferId = Type.Object({ id: Type.String({ maxLength: 300, description: '`<surplus id>-<attempt>`' }) });
export const OrganisationId = Type.Object({
  id: Type.String({ maxLength: 300, description: 'a-z, 0-9, - and _; at most 64' }),
});

export const PhotoId = Type.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$',
  maxLength: 36,
  description: 'a uuid you make',
});

export const Limit = Type.Integer({ minimum: 1, maximum: 100, default: 50 });
export const CursorText = Type.String({ maxLength: 256, description: 'nextCursor of the page before' });

export const KeyHeader = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      description: 'Required. 1 to 255 visible ASCII characters; repeat it when you repeat the request (IETF draft).',
    }),
  ),
});
export const IfMatchHeader = Type.Object({
  'if-match': Type.Optional(Type.String({ maxLength: 64, description: 'the ETag you read, e.g. "3"' })),
});
