/** Lists as they were seen last: shown at once, also without a network, and brought up to date when there is one. */
import { signal, type ReadonlySignal } from '@preact/signals';
import { NotThere } from '../engine/http.ts';

export interface Seen<Value> {
  /** null: never seen */
  readonly value: ReadonlySignal<Value | null>;
  /** when the server told it, by this phone's clock, unix ms; 0: long ago */
  readonly atMs: ReadonlySignal<number>;
  /** which of this page's questions it answers, over all lists; 0: it was kept from before */
  readonly question: ReadonlySignal<number>;
  readonly failed: ReadonlySignal<boolean>;
  /** the server says that there is no such thing */
  readonly gone: ReadonlySignal<boolean>;
  refresh(): Promise<void>;
}

interface Kept<Value> {
  readonly value: Value;
  readonly atMs: number;
}

export interface SeenPorts {
  /** who is signed in; undefined: nobody */
  readonly owner: () => string | undefined;
  readonly recall: <Value>(key: string) => Promise<Value | null>;
  readonly remember: (key: string, value: unknown) => Promise<void>;
}

/** Questions are told apart by their number: a phone's clock may be put back between two of them. */
let asked = 0;

/** The order of what two lists show. What was kept from before has only the clock to go by. */
export function isNewer(one: Seen<unknown>, other: Seen<unknown>): boolean {
  const [a, b] = [one.question.value, other.question.value];
  return a === b ? one.atMs.value > other.atMs.value : a > b;
}

/** Why there is nothing to show. */
export function whyNothing({ gone, failed }: Seen<unknown>): 'gone' | 'failed' | 'loading' {
  if (gone.value) return 'gone';
  return failed.value ? 'failed' : 'loading';
}

/** @param what its name in the store. @param load asks the server; throws when there is no answer */
export function createSeenBy<Value>(ports: SeenPorts, what: string, load: () => Promise<Value>): Seen<Value> {
  const value = signal<Value | null>(null);
  const atMs = signal(0);
  const question = signal(0);
  const failed = signal(false);
  const gone = signal(false);
  let owner = '';

  async function recallFor(next: string): Promise<void> {
    owner = next;
    value.value = null;
    atMs.value = 0;
    question.value = 0;
    failed.value = false;
    gone.value = false;
    const kept = await ports.recall<Kept<Value>>(`${next} ${what}`);
    if (kept === null || owner !== next || question.value > 0) return;
    value.value = kept.value;
    // By a clock that has been put back since: nobody knows when it was.
    atMs.value = kept.atMs > Date.now() ? 0 : kept.atMs;
  }

  return {
    value,
    atMs,
    question,
    failed,
    gone,
    async refresh() {
      const asker = ports.owner();
      if (asker === undefined) return;
      if (asker !== owner) await recallFor(asker);
      const mine = ++asked;
      const askedAtMs = Date.now();
      try {
        const told = { value: await load(), atMs: askedAtMs };
        // Somebody else may have signed in meanwhile, or a later question been answered sooner.
        if (asker !== owner || mine < question.value) return;
        value.value = told.value;
        atMs.value = askedAtMs;
        question.value = mine;
        failed.value = false;
        gone.value = false;
        await ports.remember(`${asker} ${what}`, told);
      } catch (error) {
        if (asker !== owner || mine < question.value) return;
        if (error instanceof NotThere) gone.value = true;
        failed.value = true;
      }
    },
  };
}
