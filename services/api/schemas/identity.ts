import Type, { type Static } from 'typebox';
import { NullableText } from './words.ts';

const strict = { additionalProperties: false };
const RoleWord = Type.Enum(['donor', 'recipient', 'operator']);
/** base64url, as WebAuthn's JSON has it */
const Bytes = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: '^[A-Za-z0-9_-]+$' });

export const SessionAnswer = Type.Object(
  {
    accessToken: Type.String({ description: 'for Authorization: Bearer; keep it in memory only' }),
    expiresInSeconds: Type.Integer(),
    role: RoleWord,
    organisationId: NullableText,
    name: Type.String(),
  },
  { $id: 'Session', ...strict },
);
export type SessionBody = Static<typeof SessionAnswer>;

export const Me = Type.Object(
  {
    role: RoleWord,
    organisationId: NullableText,
    name: Type.String(),
    timeZone: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'null: an operator has no place' }),
    photos: Type.Boolean({ description: 'photos of food are kept here' }),
    map: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'where the tiles of the map are (PMTiles, in ranges); null: there are none',
    }),
  },
  { $id: 'Me', ...strict },
);

export const EnterByLink = Type.Object(
  {
    token: Bytes(128),
    attemptId: Type.Optional(
      Type.String({
        format: 'uuid',
        description: "yours, at random, the same for each try: who didn't hear the answer gets the same session again",
      }),
    ),
  },
  strict,
);

export const IssueLink = Type.Object(
  {
    role: RoleWord,
    organisationId: Type.Optional(
      Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,63}$', maxLength: 64, description: 'of a donor or a recipient' }),
    ),
    operator: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9][a-z0-9_-]{0,63}$',
        maxLength: 64,
        description: 'what the audit log calls an operator; the same name is the same operator again',
      }),
    ),
  },
  strict,
);
export const LinkAnswer = Type.Object({ url: Type.String(), expiresAt: Type.String({ format: 'date-time' }) }, strict);

/** What browsers add is let pass: WebAuthn grows. What we use is told exactly. */
const Extensions = Type.Object({}, { description: "the browser's clientExtensionResults" });
const credential = {
  id: Bytes(1_400),
  rawId: Bytes(1_400),
  type: Type.Literal('public-key'),
  authenticatorAttachment: Type.Optional(
    Type.Unsafe<'platform' | 'cross-platform'>(Type.Enum(['platform', 'cross-platform'])),
  ),
  clientExtensionResults: Extensions,
};

export const RegisterPasskey = Type.Object(
  {
    response: Type.Object(
      {
        ...credential,
        response: Type.Object({
          clientDataJSON: Bytes(8_192),
          attestationObject: Bytes(32_768),
          transports: Type.Optional(Type.Array(Type.String({ maxLength: 32, pattern: '^[a-z-]+$' }), { maxItems: 10 })),
        }),
      },
      { description: "the browser's PublicKeyCredential.toJSON()" },
    ),
  },
  strict,
);

export const UsePasskey = Type.Object(
  {
    response: Type.Object(
      {
        ...credential,
        response: Type.Object({
          clientDataJSON: Bytes(8_192),
          authenticatorData: Bytes(8_192),
          signature: Bytes(8_192),
          userHandle: Type.Optional(Type.Unsafe<string | null>({ ...Bytes(128), type: ['string', 'null'] })),
        }),
      },
      { description: "the browser's PublicKeyCredential.toJSON()" },
    ),
  },
  strict,
);

export const CreationOptions = Type.Object({}, { description: 'PublicKeyCredentialCreationOptionsJSON (WebAuthn 3)' });
export const RequestOptions = Type.Object({}, { description: 'PublicKeyCredentialRequestOptionsJSON (WebAuthn 3)' });
