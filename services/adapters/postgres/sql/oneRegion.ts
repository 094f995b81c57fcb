/** Of which region rows are that one statement is about. */
interface Named {
  readonly name: string;
  readonly text: string;
  readonly values: readonly string[];
}

/**
 * A statement about rows of one region names it, so that Citus finds its node; of several (`Groups`) the rows' ids say enough, which are
 * unique without.
 * @param regions signed ids, one a row
 * @param position of the parameter it takes then
 */
export function namingRegion(name: string, regions: readonly string[], position: number): Named {
  const region = oneRegionOf(regions);
  if (region === null) return { name: `${name}-of-regions`, text: '', values: [] };
  return { name, text: `and geo_region_id = $${String(position)}`, values: [region] };
}

/** null: there are several */
export function oneRegionOf(regions: readonly string[]): string | null {
  const [first = null] = regions;
  return regions.every((region) => region === first) ? first : null;
}
