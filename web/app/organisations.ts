/** Donors and recipients as operators see them. */
import { read } from '../engine/api.ts';
import type { Page } from './lists.ts';

export interface Organisation {
  readonly id: string;
  readonly name: string;
  readonly location: { readonly lat: number; readonly lon: number };
  readonly active: boolean;
}

/** A city has a few thousand at most: read once, then looked through here. By name. */
export async function readOrganisations(kind: 'donor' | 'recipient'): Promise<readonly Organisation[]> {
  const found: Organisation[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Page<Organisation> = await read<Page<Organisation>>(`/v1/${kind}s?limit=100${after}`);
    found.push(...page.items);
    cursor = page.nextCursor;
  }
  return found.toSorted((a, b) => a.name.localeCompare(b.name));
}
