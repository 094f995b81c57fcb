/** Lists as they were seen last: shown at once, also without a network, and brought up to date when there is one. */
import { signal, type ReadonlySignal } from '@preact/signals';
import { recall, remember } from '../engine/database.ts';
import { member } from './state.ts';

export interface Seen<Value> {
  /** null: never seen */
  readonly value: ReadonlySignal<Value | null>;
  /** when the server told it, by this phone's clock, unix ms */
  readonly atMs: ReadonlySignal<number>;
  readonly failed: ReadonlySignal<boolean>;
  refresh(): Promise<void>;
}

interface Kept<Value> {
  readonly value: Value;
  readonly atMs: number;
}

/** @param what its name in the store. @param load asks the server; throws when there is no answer */
export function createSeen<Value>(what: string, load: () => Promise<Value>): Seen<Value> {
  const value = signal<Value | null>(null);
  const atMs = signal(0);
  const failed = signal(false);
  let owner = '';

  async function recallFor(next: string): Promise<void> {
    owner = next;
    value.value = null;
    atMs.value = 0;
    const kept = await recall<Kept<Value>>(`${next} ${what}`);
    if (kept !== null && owner === next && atMs.value === 0) take(kept);
  }
  function take(kept: Kept<Value>): void {
    value.value = kept.value;
    atMs.value = kept.atMs;
  }
  return {
    value,
    atMs,
    failed,
    async refresh() {
      const asker = member.value?.owner;
      if (asker === undefined) return;
      if (asker !== owner) await recallFor(asker);
      const askedAtMs = Date.now();
      try {
        const told = { value: await load(), atMs: askedAtMs };
        // Somebody else may have signed in meanwhile, or a later question been answered sooner.
        if (asker !== owner || askedAtMs < atMs.value) return;
        take(told);
        failed.value = false;
        await remember(`${asker} ${what}`, told);
      } catch {
        failed.value = true;
      }
    },
  };
}
