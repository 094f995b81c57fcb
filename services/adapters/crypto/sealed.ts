import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Something encrypted at rest, with the id of the key that opens it. */
export interface Sealed {
  /** 12 bytes nonce, ciphertext, 16 bytes tag */
  readonly cipher: Buffer;
  readonly keyId: string;
}

export interface Sealer {
  /** @param context what row it belongs to (e.g. `recipient:hki-1`): a cipher moved to another row doesn't open */
  seal(value: unknown, context: string): Sealed;
  /** @throws Error when the key is unknown or the cipher is not of this context */
  open(sealed: Sealed, context: string): unknown;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/**
 * AES-256-GCM over the JSON of a value. Old keys stay readable; new rows take the current one.
 * @param keysJson key id → base64 of 32 bytes, as JSON
 * @throws Error naming the key that is missing or has the wrong length, never its value
 */
export function createSealer(keysJson: string, currentKeyId: string): Sealer {
  const keys = parseKeys(keysJson);
  const keyOf = (id: string): Buffer => {
    const key = keys.get(id);
    if (key === undefined) throw new Error(`CONTACT_KEYS has no key "${id}"`);
    return key;
  };
  keyOf(currentKeyId);
  return {
    seal: (value, context) => ({ cipher: encrypt(keyOf(currentKeyId), value, context), keyId: currentKeyId }),
    open: ({ cipher, keyId }, context) => decrypt(keyOf(keyId), cipher, context),
  };
}

function parseKeys(keysJson: string): Map<string, Buffer> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(keysJson);
  } catch {
    throw new Error('CONTACT_KEYS is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new Error('CONTACT_KEYS is no object');
  const keys = new Map<string, Buffer>();
  for (const [id, text] of Object.entries(parsed)) {
    const key = Buffer.from(String(text), 'base64');
    if (key.length !== KEY_BYTES) throw new Error(`CONTACT_KEYS: "${id}" is not ${String(KEY_BYTES)} bytes in base64`);
    keys.set(id, key);
  }
  return keys;
}

function encrypt(key: Buffer, value: unknown, context: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
  const text = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, text, cipher.getAuthTag()]);
}

function decrypt(key: Buffer, sealed: Buffer, context: string): unknown {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new Error('sealed text is too short');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(context)).setAuthTag(sealed.subarray(-TAG_BYTES));
  const text = Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  return JSON.parse(text.toString('utf8'));
}
