/** Lists that the server gives in pages. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** The most that the server gives at once. */
const PAGE = 100;

export interface Reading<Item> {
  /** as of `engine/api.ts` */
  readonly read: <Body>(path: string) => Promise<Body>;
  /** no further than this */
  readonly mostPages?: number;
  /** whether what comes after this page is worth asking for; left out: it always is */
  readonly goesOn?: (page: readonly Item[]) => boolean;
}

/** @param path may hold a query. @throws when a page is not answered: half a list would look like all of it */
export async function readPages<Item>(
  path: string,
  { read, mostPages = Number.POSITIVE_INFINITY, goesOn = () => true }: Reading<Item>,
): Promise<readonly Item[]> {
  const first = `${path}${path.includes('?') ? '&' : '?'}limit=${String(PAGE)}`;
  const found: Item[] = [];
  let next = first;
  for (let pages = 0; pages < mostPages; pages++) {
    const { items, nextCursor } = await read<Page<Item>>(next);
    found.push(...items);
    if (nextCursor === null || !goesOn(items)) break;
    next = `${first}&cursor=${encodeURIComponent(nextCursor)}`;
  }
  return found;
}
