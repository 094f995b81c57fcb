import { S2CellId, S2LatLng } from 'nodes2ts';
import { DEFAULT_CELL_LEVEL, levelOf } from '#core/geo/cell.ts';
import type { Place } from '#core/geo/distance.ts';
import { parseCellToken, type CellToken } from '#core/words/ids.ts';

/**
 * The S2 cell of a place.
 * @throws RangeError outside ±90/±180 or for NaN: nodes2ts would silently answer with some cell
 */
export function cellAt(place: Place, level: number = DEFAULT_CELL_LEVEL): CellToken {
  const { lat, lon } = place;
  if (!(lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180)) throw new RangeError('no such place');
  return S2CellId.fromPoint(S2LatLng.fromDegrees(lat, lon).toPoint()).parentL(level).toToken() as CellToken;
}

/** A token that really is a cell of this level, or null: what comes from outside is not believed. */
export function cellOfLevel(text: string, level: number = DEFAULT_CELL_LEVEL): CellToken | null {
  const token = parseCellToken(text);
  return token !== null && levelOf(token) === level ? token : null;
}
