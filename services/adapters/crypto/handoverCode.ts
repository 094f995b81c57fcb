import { createHmac } from 'node:crypto';
import type { OfferId, RecipientId } from '#core/words/ids.ts';

/**
 * The 8 digits that prove a handover: HMAC-SHA-256 of offer, recipient and generation, truncated as HOTP does
 * (RFC 4226, section 5.3, with 8 digits). Never logged, traced or stored.
 * @param secret at least 32 bytes
 */
export function createHandoverCode(
  secret: string,
): (offer: OfferId, recipient: RecipientId, generation: number) => string {
  if (Buffer.byteLength(secret) < 32) throw new Error('HANDOVER_SECRET must be at least 32 bytes');
  return (offer, recipient, generation) => {
    const digest = createHmac('sha256', secret)
      .update(`${offer}|${recipient}|${String(generation)}`)
      .digest();
    const offset = (digest.at(-1) ?? 0) & 0x0f;
    const number = digest.readUInt32BE(offset) & 0x7fff_ffff;
    return String(number % 100_000_000).padStart(8, '0');
  };
}
