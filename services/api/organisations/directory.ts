import { askTogether } from '#adapters/batching/askTogether.ts';
import type { OrganisationFacts } from '#adapters/postgres/sql/findOrganisations.ts';

export type OrganisationKind = 'donor' | 'recipient';

/** Organisations as read up to half a minute ago: the hot path asks no database, whoever posts. */
export interface Directory {
  find(kind: OrganisationKind, id: string): Promise<OrganisationFacts | null>;
  forget(kind: OrganisationKind, id: string): void;
}

export interface DirectoryOptions {
  /** in the order asked; null: there is none */
  readonly read: (kind: OrganisationKind, ids: readonly string[]) => Promise<readonly (OrganisationFacts | null)[]>;
  readonly ttlMs?: number;
  readonly size?: number;
}

interface Entry {
  readonly untilMs: number;
  readonly facts: Promise<OrganisationFacts | null>;
}

/** Where many ask, a read may be this much later for company. */
const PACE_MS = 8;

/** Askers of one moment share a read; a failed one is forgotten at once. */
export function createDirectory({ read, ttlMs = 30_000, size = 20_000 }: DirectoryOptions): Directory {
  const entries = new Map<string, Entry>();
  const readTogether = askTogether({ maxInFlight: 2, maxBatch: 100, paceMs: PACE_MS, run: read });
  const ask = (key: string, kind: OrganisationKind, id: string): Promise<OrganisationFacts | null> => {
    if (entries.size >= size) for (const oldest of [...entries.keys()].slice(0, size / 10)) entries.delete(oldest);
    const facts = readTogether(kind, id);
    entries.set(key, { untilMs: performance.now() + ttlMs, facts });
    facts.catch(() => entries.delete(key));
    return facts;
  };
  return {
    find(kind, id) {
      const key = `${kind}:${id}`;
      const known = entries.get(key);
      if (known !== undefined && known.untilMs > performance.now()) return known.facts;
      entries.delete(key);
      return ask(key, kind, id);
    },
    forget(kind, id) {
      entries.delete(`${kind}:${id}`);
    },
  };
}
