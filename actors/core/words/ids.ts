/**
 * Ids carry their place and time, so that any read or write by id touches one shard and reaches its cell:
 * lot `<cell token>-<uuid v7>`, offer `<lot id>-<attempt>`. They are made only where input is parsed.
 */
export type LotId = string & { readonly brand: 'LotId' };
export type OfferId = string & { readonly brand: 'OfferId' };
export type DonorId = string & { readonly brand: 'DonorId' };
export type RecipientId = string & { readonly brand: 'RecipientId' };
/** S2 token: the 16 hex digits of a cell id without trailing zeros, 1 to 16 characters. */
export type CellToken = string & { readonly brand: 'CellToken' };
/** S2 token of the cell's ancestor at the region level: the Citus distribution key, as text. */
export type RegionToken = string & { readonly brand: 'RegionToken' };

const UUID_V7 = '[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
const LOT_ID = new RegExp(`^([0-9a-f]{1,16})-(${UUID_V7})$`);
const OFFER_ID = new RegExp(`^([0-9a-f]{1,16}-${UUID_V7})-([1-9][0-9]{0,5})$`);
const ORGANISATION_ID = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** @returns the lot id, its cell and the time in its uuid (unix ms), or null when the text is no lot id. */
export function parseLotId(text: string): { id: LotId; cell: CellToken; postedAtMs: number } | null {
  const match = LOT_ID.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return null;
  const cell = parseCellToken(match[1]);
  if (cell === null) return null;
  return { id: text as LotId, cell, postedAtMs: uuidTimeMs(match[2]) };
}

/** @returns the offer id with its lot and attempt, or null when the text is no offer id. */
export function parseOfferId(text: string): { id: OfferId; lotId: LotId; attempt: number } | null {
  const match = OFFER_ID.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return null;
  if (parseLotId(match[1]) === null) return null;
  return { id: text as OfferId, lotId: match[1] as LotId, attempt: Number(match[2]) };
}

export function parseCellToken(text: string): CellToken | null {
  return /^[0-9a-f]{0,15}[1-9a-f]$/.test(text) ? (text as CellToken) : null;
}

/** Organisations (donors, recipients) are named by the operator: lower-case letters, digits, `-`, `_`; at most 64. */
export function parseOrganisationId(text: string): string | null {
  return ORGANISATION_ID.test(text) ? text : null;
}

/** @param uuid a lower-case uuid v7 */
export function lotIdOf(cell: CellToken, uuid: string): LotId {
  return `${cell}-${uuid}` as LotId;
}

export function offerIdOf(lotId: LotId, attempt: number): OfferId {
  return `${lotId}-${String(attempt)}` as OfferId;
}

/** The lot an offer is about: all of its id but the attempt. */
export function lotIdOfOffer(offerId: OfferId): LotId {
  return offerId.slice(0, offerId.lastIndexOf('-')) as LotId;
}

/** The time of a lot (unix ms): the first 48 bits of its uuid v7 (RFC 9562, section 5.7). */
export function postedAtMsOf(lotId: LotId): number {
  return uuidTimeMs(lotId.slice(lotId.indexOf('-') + 1));
}

export function cellOf(lotId: LotId): CellToken {
  return lotId.slice(0, lotId.indexOf('-')) as CellToken;
}

function uuidTimeMs(uuid: string): number {
  return Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);
}
