/** Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): one effect per organisation and key. */
import { createHmac, createSecretKey, hkdfSync } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../auth/principal.ts';
import { malformed, Problem } from '../problems.ts';

const KEY = /^[\x21-\x7e]{1,255}$/;

/** The command id under which this organisation's key takes effect, once. @throws Problem when there is no usable key */
export function commandIdOf(request: Pick<FastifyRequest, 'headers'>, principal: Principal): string {
  const key = request.headers['idempotency-key'];
  if (key === undefined || key === '') {
    throw new Problem(
      'idempotency-key-missing',
      'Send an Idempotency-Key: any text you make once per request and repeat when you retry it.',
    );
  }
  if (typeof key !== 'string' || !KEY.test(key)) {
    throw malformed('idempotency-key', 'must be 1 to 255 visible ASCII characters');
  }
  return `key:${principal.scope}:${key}`;
}

export type Fingerprint = (method: string, path: string, body: unknown) => string;

/**
 * A keyed digest of what was asked. Keyed, so that who reads the table can't try out the 10⁸ handover codes.
 * @param secret at least 32 bytes; a key of its own is derived from it
 */
export function createFingerprint(secret: string): Fingerprint {
  // A key object: Node takes 10 µs to make one of bytes, each time.
  const key = createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', 'idempotency fingerprint', 32)));
  return (method, path, body) =>
    createHmac('sha256', key)
      .update(`${method}\n${path}\n${canonicalJson(body ?? null)}`)
      .digest('base64url');
}

/** JSON with sorted names: the same for bodies that mean the same. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, each]) => `${JSON.stringify(name)}:${canonicalJson(each)}`).join(',')}}`;
}
