/** A software authenticator and the browser around it: ES256 keys, attestation `none`, everything signed for real. */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { encodeCBOR, type CBORType } from '@levischuck/tiny-cbor';

// Options and responses are JSON as browsers have it; the server is what is tested.
/* eslint-disable @typescript-eslint/no-explicit-any */
export interface Wrong {
  readonly origin?: string;
  readonly rpId?: string;
  readonly userVerified?: boolean;
  readonly signCount?: number;
  readonly type?: string;
  readonly challenge?: string;
  readonly key?: KeyObject;
  readonly userHandle?: string;
  readonly credentialId?: string;
}

export interface Authenticator {
  readonly credentialId: string;
  /** @param options of navigator.credentials.create() */
  create(options: any, wrong?: Wrong): any;
  /** @param options of navigator.credentials.get() */
  get(options: any, wrong?: Wrong): any;
}

const PRESENT = 0x01;
const VERIFIED = 0x04;
const ATTESTED = 0x40;
const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest();
const text = (data: Buffer | Uint8Array | string): string => Buffer.from(data as Buffer).toString('base64url');

export function createAuthenticator(origin: string): Authenticator {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const id = randomBytes(32);
  const credentialId = text(id);
  let signCount = 0;
  let userHandle = '';

  const clientData = (type: string, challenge: string, wrong: Wrong): string =>
    JSON.stringify({
      type: wrong.type ?? type,
      challenge: wrong.challenge ?? challenge,
      origin: wrong.origin ?? origin,
      crossOrigin: false,
    });
  const authenticatorData = (rpId: string, flags: number, count: number, attested = Buffer.alloc(0)): Buffer => {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(count);
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), counter, attested]);
  };
  const flagsOf = (wrong: Wrong): number => PRESENT | (wrong.userVerified === false ? 0 : VERIFIED);
  const credential = { id: credentialId, rawId: credentialId, type: 'public-key', clientExtensionResults: {} };

  return {
    credentialId,
    create(options, wrong = {}) {
      userHandle = options.user.id;
      const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([0, id.length]), id, coseOf(publicKey)]);
      const data = authenticatorData(wrong.rpId ?? options.rp.id, flagsOf(wrong) | ATTESTED, signCount, attested);
      const attestation = new Map<string | number, CBORType>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', Uint8Array.from(data)],
      ]);
      return {
        ...credential,
        authenticatorAttachment: 'platform',
        response: {
          clientDataJSON: text(clientData('webauthn.create', options.challenge, wrong)),
          attestationObject: text(encodeCBOR(attestation)),
          transports: ['internal', 'hybrid'],
        },
      };
    },
    get(options, wrong = {}) {
      signCount = wrong.signCount ?? signCount + 1;
      const client = clientData('webauthn.get', options.challenge, wrong);
      const data = authenticatorData(wrong.rpId ?? options.rpId, flagsOf(wrong), signCount);
      const signature = sign('sha256', Buffer.concat([data, sha256(client)]), wrong.key ?? privateKey);
      const claimed = wrong.credentialId ?? credentialId;
      return {
        ...credential,
        id: claimed,
        rawId: claimed,
        response: {
          clientDataJSON: text(client),
          authenticatorData: text(data),
          signature: text(signature),
          userHandle: wrong.userHandle ?? userHandle,
        },
      };
    },
  };
}

/** RFC 9053: kty EC2, alg ES256, crv P-256, x, y */
function coseOf(publicKey: KeyObject): Buffer {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const bytes = (part: string): Uint8Array => Uint8Array.from(Buffer.from(part, 'base64url'));
  const key = new Map<string | number, CBORType>([
    [1, 2],
    [3, -7],
    [-1, 1],
    [-2, bytes(x)],
    [-3, bytes(y)],
  ]);
  return Buffer.from(encodeCBOR(key));
}
