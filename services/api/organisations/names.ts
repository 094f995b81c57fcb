import type { Directory, OrganisationKind } from './directory.ts';

/** What organisations are called, by their ids: to operators an id says nothing. Those that are gone are left out. */
export async function namesOf(
  directory: Pick<Directory, 'find'>,
  kind: OrganisationKind,
  ids: Iterable<string>,
): Promise<ReadonlyMap<string, string>> {
  const found = await Promise.all([...new Set(ids)].map((id) => directory.find(kind, id)));
  return new Map(found.flatMap((each) => (each === null ? [] : [[each.id, each.name] as const])));
}
