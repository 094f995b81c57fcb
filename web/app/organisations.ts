/** Donors and recipients as operators see them. */
import { read } from '../engine/api.ts';
import { readPages } from './pages.ts';

export interface Organisation {
  readonly id: string;
  readonly name: string;
  readonly location: { readonly lat: number; readonly lon: number };
  readonly active: boolean;
}

/** A city has a few thousand at most: read once, then looked through here. By name. */
export async function readOrganisations(kind: 'donor' | 'recipient'): Promise<readonly Organisation[]> {
  const found = await readPages<Organisation>(`/v1/${kind}s`, { read });
  return found.toSorted((a, b) => a.name.localeCompare(b.name));
}
