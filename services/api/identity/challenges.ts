/**
 * What a passkey signs. A challenge says by itself until when it is good and what for, under our MAC: so whoever asks for
 * thousands of them, signed in or not, makes us write nothing. Written down is only which ones were used.
 */
import { randomBytes } from 'node:crypto';
import { digestOf, keyFor, macOf, sameDigest } from './secrets.ts';

export interface Challenges {
  /** @param purpose whatever it is good for and for whom */
  make(purpose: string): Uint8Array<ArrayBuffer>;
  /** @param challenge base64url @returns until when it is good (unix ms), or null: not ours, too old, or for something else */
  goodUntilMs(challenge: string, purpose: string): number | null;
}

export const CHALLENGE_SECONDS = 5 * 60;
const TIME_BYTES = 6;
const RANDOM_BYTES = 16;
const HEAD_BYTES = TIME_BYTES + RANDOM_BYTES;

/** @param secret at least 32 bytes, the same in all processes */
export function createChallenges(secret: string, nowMs: () => number): Challenges {
  const key = keyFor(secret, 'passkey challenges');
  const macFor = (head: Buffer, purpose: string): Buffer => macOf(key, `${head.toString('hex')}.${purpose}`);
  return {
    make(purpose) {
      const head = Buffer.concat([Buffer.alloc(TIME_BYTES), randomBytes(RANDOM_BYTES)]);
      head.writeUIntBE(nowMs() + CHALLENGE_SECONDS * 1000, 0, TIME_BYTES);
      return Uint8Array.from(Buffer.concat([head, macFor(head, purpose)]));
    },
    goodUntilMs(challenge, purpose) {
      const bytes = Buffer.from(challenge, 'base64url');
      const head = bytes.subarray(0, HEAD_BYTES);
      if (head.length < HEAD_BYTES || !sameDigest(bytes.subarray(HEAD_BYTES), macFor(head, purpose))) return null;
      const untilMs = head.readUIntBE(0, TIME_BYTES);
      return untilMs > nowMs() ? untilMs : null;
    },
  };
}

/** What is written down of one that was used. Of its bytes: the same bytes can be spelt in several ways. */
export function spentDigestOf(challenge: string): Buffer {
  return digestOf(Buffer.from(challenge, 'base64url').toString('hex'));
}
