import { parseOfferId, type OfferId } from '#core/words/ids.ts';

/**
 * An offer's id in 30 characters instead of 46, for text messages: the bytes of its cell, uuid and attempt, as base64url. Nothing is kept:
 * who has the code has the id, and must sign in to see anything.
 */
export function shortOf(offerId: OfferId): string {
  const dash = offerId.indexOf('-');
  const last = offerId.lastIndexOf('-');
  const cell = Buffer.from(evenHex(offerId.slice(0, dash), 'end'), 'hex');
  const uuid = Buffer.from(offerId.slice(dash + 1, last).replaceAll('-', ''), 'hex');
  const attempt = Buffer.from(evenHex(Number(offerId.slice(last + 1)).toString(16), 'start'), 'hex');
  return Buffer.concat([Buffer.from([cell.length]), cell, uuid, attempt]).toString('base64url');
}

/** null: it is no such code */
export function offerOfShort(code: string): OfferId | null {
  const bytes = Buffer.from(code, 'base64url');
  const cellEnd = 1 + (bytes[0] ?? 0);
  const cell = bytes.subarray(1, cellEnd).toString('hex').replace(/0+$/, '');
  const uuid = bytes.subarray(cellEnd, cellEnd + 16).toString('hex');
  const attempt = bytes.subarray(cellEnd + 16);
  if (attempt.length === 0 || attempt.length > 3) return null;
  const parts = [uuid.slice(0, 8), uuid.slice(8, 12), uuid.slice(12, 16), uuid.slice(16, 20), uuid.slice(20)];
  const id = `${cell}-${parts.join('-')}-${String(attempt.readUIntBE(0, attempt.length))}`;
  return parseOfferId(id)?.id ?? null;
}

function evenHex(hex: string, pad: 'start' | 'end'): string {
  if (hex.length % 2 === 0) return hex;
  return pad === 'start' ? `0${hex}` : `${hex}0`;
}
