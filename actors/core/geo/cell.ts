import type { CellToken, RegionToken } from '../words/ids.ts';

/**
 * S2 cell ids by bit arithmetic. An id is: 3 bits of face, 2 bits a level, a closing 1 bit, zeros.
 * Source: S2 cell hierarchy, https://s2geometry.io/devguide/s2cell_hierarchy (checked against two libraries in tests).
 */
export const DEFAULT_CELL_LEVEL = 12;
export const DEFAULT_REGION_LEVEL = 9;
const MAX_LEVEL = 30;

/** @returns the unsigned 64-bit id of a token. */
export function cellIdOf(token: CellToken | RegionToken): bigint {
  return BigInt('0x' + token.padEnd(16, '0'));
}

/** @returns the id as PostgreSQL's bigint (signed) in decimal. */
export function signedIdOf(token: CellToken | RegionToken): string {
  return BigInt.asIntN(64, cellIdOf(token)).toString();
}

/** @param signedId PostgreSQL's bigint, in decimal */
export function tokenOfSigned(signedId: string): CellToken {
  return tokenOf(BigInt.asUintN(64, BigInt(signedId)));
}

export function tokenOf(id: bigint): CellToken {
  return id.toString(16).padStart(16, '0').replace(/0+$/, '') as CellToken;
}

/** The level of a cell, 0 to 30, from the position of its lowest set bit; NaN when the id is no cell. */
export function levelOf(token: CellToken | RegionToken): number {
  const id = cellIdOf(token);
  if (id === 0n) return Number.NaN;
  let zeros = 0;
  for (let rest = id; (rest & 1n) === 0n; rest >>= 1n) zeros++;
  const face = id >> 61n;
  return zeros % 2 === 0 && zeros <= 2 * MAX_LEVEL && face < 6n ? MAX_LEVEL - zeros / 2 : Number.NaN;
}

/** The ancestor at `level`, which must not exceed the cell's own. */
function ancestorId(id: bigint, level: number): bigint {
  const lowestBit = 1n << BigInt(2 * (MAX_LEVEL - level));
  return (id & -lowestBit) | lowestBit;
}

const regions = new Map<string, RegionToken>();

/** The region a cell belongs to: its ancestor at the region level. */
export function regionOf(cell: CellToken, regionLevel: number = DEFAULT_REGION_LEVEL): RegionToken {
  const key = `${cell}/${String(regionLevel)}`;
  const known = regions.get(key);
  if (known !== undefined) return known;
  const region = tokenOf(ancestorId(cellIdOf(cell), regionLevel)) as string as RegionToken;
  if (regions.size > 10_000) regions.clear();
  regions.set(key, region);
  return region;
}
