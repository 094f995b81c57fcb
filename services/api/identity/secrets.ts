/** Secrets that somebody carries: 256 random bits, of which we keep a digest. No salt: there is nothing to guess. */
import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

export function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** In the same time wherever they differ. */
export function sameDigest(one: Buffer, other: Buffer | null): boolean {
  return other?.length === one.length && timingSafeEqual(one, other);
}

/** @param secret at least 32 bytes; a key of its own is derived from it for each purpose */
export function keyFor(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
}

export function macOf(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
