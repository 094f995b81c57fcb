/** Ids from the path, parsed once: what they name and the shard it lives on. */
import { cellOfLevel } from '#adapters/geo/s2.ts';
import { regionOf, signedIdOf } from '#core/geo/cell.ts';
import { cellOf, parseLotId, parseOfferId, parseOrganisationId, postedAtMsOf } from '#core/words/ids.ts';
import type { CellToken, LotId, OfferId } from '#core/words/ids.ts';
import { malformed } from './problems.ts';

/** Where a lot's rows are. */
export interface LotPlace {
  readonly lotId: LotId;
  readonly cell: CellToken;
  /** PostgreSQL's bigint in decimal */
  readonly regionId: string;
  /** RFC 3339 */
  readonly postedAt: string;
}

const EARLIEST_MS = Date.UTC(2020, 0, 1);
const LATEST_MS = Date.UTC(2200, 0, 1);

/** @throws Problem malformed-request */
export function lotPlaceOf(text: string): LotPlace {
  const place = findLotPlace(text);
  if (place === null) throw malformed('id', 'is no surplus id');
  return place;
}

/** null: nothing of ours is called so */
export function findLotPlace(text: string | null): LotPlace | null {
  return text === null ? null : placeOf(parseLotId(text)?.id);
}

/** @throws Problem malformed-request */
export function offerPlaceOf(text: string): LotPlace & { readonly offerId: OfferId } {
  const offer = parseOfferId(text);
  const place = placeOf(offer?.lotId);
  if (offer === null || place === null) throw malformed('id', 'is no offer id');
  return { ...place, offerId: offer.id };
}

/** @throws Problem malformed-request */
export function organisationIdOf(text: string, field = 'id'): string {
  const id = parseOrganisationId(text);
  if (id === null) throw malformed(field, 'must be lower-case letters, digits, - and _; at most 64');
  return id;
}

/** A cell of another level or a time out of reason can't be ours, and must not wake an actor or ask the database. */
function placeOf(lotId: LotId | undefined): LotPlace | null {
  if (lotId === undefined) return null;
  const cell = cellOfLevel(cellOf(lotId));
  const postedAtMs = postedAtMsOf(lotId);
  if (cell === null || postedAtMs < EARLIEST_MS || postedAtMs > LATEST_MS) return null;
  return { lotId, cell, regionId: signedIdOf(regionOf(cell)), postedAt: new Date(postedAtMs).toISOString() };
}
