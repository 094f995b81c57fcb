import Type, { type Static, type TProperties } from 'typebox';
import { CategoryWord, CursorText, Limit, Location, NullableText, StorageWord, Words } from './words.ts';

const strict = { additionalProperties: false };
const WEEK_MINUTES = 7 * 24 * 60;
const MAX_CAPACITY_GRAMS = 1_000_000_000;

const OrganisationName = Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,63}$', maxLength: 64 });
const Contact = Type.Object(
  {
    name: Type.Optional(Words(120)),
    phone: Type.Optional(Words(40)),
    email: Type.Optional(Words(254)),
    note: Type.Optional(Words(500)),
  },
  { additionalProperties: false, minProperties: 1, description: 'encrypted at rest; shown to who claimed your food' },
);
export const NullableContact = Type.Union([Contact, Type.Null()]);

/** Half-open; minutes since Monday 00:00 local time; the end may lie up to a day into the next week. */
export const Hours = Type.Array(
  Type.Tuple([
    Type.Integer({ minimum: 0, maximum: WEEK_MINUTES - 1 }),
    Type.Integer({ minimum: 1, maximum: WEEK_MINUTES + 24 * 60 }),
  ]),
  {
    maxItems: 50,
    description:
      'open from–to in minutes since Monday 00:00 local time, several a day if need be, none over another; empty: never open',
  },
);
const OpeningHours = Type.String({
  minLength: 1,
  maxLength: 255,
  description: "OpenStreetMap's opening_hours, instead of `hours`",
});
const Categories = Type.Array(CategoryWord, { maxItems: 9, uniqueItems: true });
const Storages = Type.Array(StorageWord, { maxItems: 4, uniqueItems: true });
const Needs = Type.Partial(Type.Record(CategoryWord, Type.Number({ minimum: 0, maximum: 1 })), {
  additionalProperties: false,
  description: 'what is needed most: category → 0 to 1',
});
const TravelMode = Type.Enum(['pedestrian', 'bicycle', 'auto']);
const Capacity = Type.Integer({ minimum: 0, maximum: MAX_CAPACITY_GRAMS });

const frame = {
  id: OrganisationName,
  name: Words(200),
  location: Location,
  timeZone: Type.String({ minLength: 1, maxLength: 64 }),
};
const ofBoth = {
  active: Type.Optional(Type.Boolean()),
  hours: Type.Optional(Hours),
  openingHours: Type.Optional(OpeningHours),
  contact: Type.Optional(NullableContact),
};
const ofRecipient = {
  categories: Categories,
  storages: Storages,
  needs: Needs,
  travelMode: TravelMode,
  capacityGrams: Capacity,
  dailyCapacityGrams: Capacity,
  weeklyNeedGrams: Capacity,
};

function optional<Properties extends TProperties>(properties: Properties) {
  return Type.Partial(Type.Object(properties)).properties;
}

export const RegisterDonor = Type.Object({ ...frame, ...ofBoth, categories: Type.Optional(Categories) }, strict);
export const RegisterRecipient = Type.Object(
  { ...frame, ...ofBoth, ...ofRecipient, needs: Type.Optional(Needs), fallback: Type.Optional(Type.Boolean()) },
  strict,
);
export const ChangeDonor = Type.Object(
  { ...ofBoth, categories: Type.Optional(Categories) },
  { ...strict, minProperties: 1 },
);
export const ChangeRecipient = Type.Object({ ...ofBoth, ...optional(ofRecipient) }, { ...strict, minProperties: 1 });
export type OrganisationBody = Static<typeof RegisterDonor> | Static<typeof RegisterRecipient>;
export type ChangeBody = Static<typeof ChangeDonor> | Static<typeof ChangeRecipient>;

const shown = {
  ...frame,
  active: Type.Boolean(),
  pausedByOperator: Type.Boolean({ description: 'only an operator resumes it' }),
  hours: Hours,
  openingHours: NullableText,
  categories: Categories,
  derived: Type.Array(Type.String(), { description: 'fields we estimated; telling them makes them yours' }),
  version: Type.Integer(),
  createdAt: Type.String({ format: 'date-time' }),
  updatedAt: Type.String({ format: 'date-time' }),
  contact: Type.Optional(NullableContact),
};
export const Donor = Type.Object(shown, { $id: 'Donor', additionalProperties: false });
export const Recipient = Type.Object(
  {
    ...shown,
    ...ofRecipient,
    fallback: Type.Boolean({ description: 'the food bank of last resort' }),
  },
  { $id: 'Recipient', additionalProperties: false },
);

const page = (name: string, item: string) =>
  Type.Object(
    { items: Type.Array(Type.Ref(item)), nextCursor: NullableText },
    { $id: name, additionalProperties: false },
  );
export const DonorPage = page('DonorPage', 'Donor');
export const RecipientPage = page('RecipientPage', 'Recipient');

export const PageQuery = Type.Object({ limit: Type.Optional(Limit), cursor: Type.Optional(CursorText) }, strict);
export const ReasonHeader = {
  'audit-reason': Type.Optional(Type.String({ maxLength: 200, description: 'why, for the audit log' })),
};
