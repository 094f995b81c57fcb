/** The queue as it is known here: what this phone keeps, and what it had no room to note of it. */
import type { Tap } from './tap.ts';

/** What this phone keeps. */
export interface TapStore {
  readonly all: () => Promise<Tap[]>;
  /** throws on a full phone */
  readonly put: (tap: Tap) => Promise<unknown>;
  readonly remove: (id: string) => Promise<unknown>;
}

export interface Queue {
  all(): Promise<Tap[]>;
  /** What became of a tap. On a full phone it is known here alone, as long as this page or worker lives. */
  note(tap: Tap): Promise<void>;
  forget(id: string): Promise<void>;
  /** What is known here alone waits no longer. */
  hurry(): void;
}

/** @param isWatched somebody here is told what becomes of taps: a page's person is, a worker has nobody */
export function createQueue(store: TapStore, isWatched: () => boolean): Queue {
  const unnoted = new Map<string, Tap>();

  return {
    async all() {
      const kept = await store.all();
      const ids = new Set(kept.map(({ id }) => id));
      // What somebody else has noted since is the later word.
      const known = kept.map((tap) => (tap.state === 'queued' ? (unnoted.get(tap.id) ?? tap) : tap));
      return [...known, ...[...unnoted.values()].filter(({ id, state }) => state !== 'queued' && !ids.has(id))];
    },
    async note(tap) {
      try {
        await store.put(tap);
        unnoted.delete(tap.id);
      } catch {
        unnoted.set(tap.id, tap);
        // To forget there is room on a full phone too. A refusal that nobody is told of is left to who is.
        if (tap.state === 'sent' || (tap.state === 'refused' && isWatched()))
          await store.remove(tap.id).catch(() => undefined);
      }
    },
    async forget(id) {
      unnoted.delete(id);
      await store.remove(id);
    },
    hurry() {
      for (const [id, tap] of unnoted) if (tap.state === 'queued') unnoted.set(id, { ...tap, nextTryAtMs: 0 });
    },
  };
}
