import type { OrganisationFacts } from '#adapters/postgres/sql/findOrganisation.ts';

export type OrganisationKind = 'donor' | 'recipient';

/** Organisations as read up to half a minute ago: the hot path asks no database, whoever posts. */
export interface Directory {
  find(kind: OrganisationKind, id: string): Promise<OrganisationFacts | null>;
  forget(kind: OrganisationKind, id: string): void;
}

export interface DirectoryOptions {
  readonly read: (kind: OrganisationKind, id: string) => Promise<OrganisationFacts | null>;
  readonly nowMs: () => number;
  readonly ttlMs?: number;
  readonly size?: number;
}

interface Entry {
  readonly untilMs: number;
  readonly facts: Promise<OrganisationFacts | null>;
}

/** Askers of the same organisation share one read; a failed read is forgotten at once. */
export function createDirectory({ read, nowMs, ttlMs = 30_000, size = 20_000 }: DirectoryOptions): Directory {
  const entries = new Map<string, Entry>();
  const ask = (key: string, kind: OrganisationKind, id: string): Promise<OrganisationFacts | null> => {
    if (entries.size >= size) for (const oldest of [...entries.keys()].slice(0, size / 10)) entries.delete(oldest);
    const facts = read(kind, id);
    entries.set(key, { untilMs: nowMs() + ttlMs, facts });
    facts.catch(() => entries.delete(key));
    return facts;
  };
  return {
    find(kind, id) {
      const key = `${kind}:${id}`;
      const known = entries.get(key);
      if (known !== undefined && known.untilMs > nowMs()) return known.facts;
      entries.delete(key);
      return ask(key, kind, id);
    },
    forget(kind, id) {
      entries.delete(`${kind}:${id}`);
    },
  };
}
