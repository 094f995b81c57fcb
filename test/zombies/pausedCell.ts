import type { CellPorts } from '#cell/ports.ts';

/** Where a turn stands still: before its call of the world has left, or after the world has done it. */
export interface Gate {
  readonly ports: CellPorts;
  /** awaits count from here on */
  arm(): void;
  /** resolves when it stands there: which call, and on which side of it; null: the turn ended before it came so far */
  readonly reached: Promise<string | null>;
  goOn(): void;
  /** the turn has ended */
  ended(): void;
}

/** A host's ports that stop its turn at the n-th await of the world, as a SIGSTOP there would, until told to go on. */
export function pausedAt(real: CellPorts, n: number): Gate {
  let steps = 0;
  let isArmed = false;
  let arrive: (where: string | null) => void = () => undefined;
  let open: () => void = () => undefined;
  const reached = new Promise<string | null>((resolve) => (arrive = resolve));
  const gate = new Promise<void>((resolve) => (open = resolve));
  const stop = async (where: string): Promise<void> => {
    if (!isArmed || steps++ !== n) return;
    arrive(where);
    await gate;
  };
  const gated =
    <Args extends unknown[], Result>(name: string, call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      await stop(`before ${name}`);
      const result = await call(...args);
      await stop(`after ${name}`);
      return result;
    };
  const { store, candidates, travel } = real;
  return {
    reached,
    arm: () => void (isArmed = true),
    goOn: () => open(),
    ended: () => arrive(null),
    ports: {
      ...real,
      store: {
        activate: gated('activate', store.activate),
        loadFamilies: gated('loadFamilies', store.loadFamilies),
        write: gated('write', store.write),
      },
      candidates: {
        near: gated('near', candidates.near),
        fallbacks: gated('fallbacks', candidates.fallbacks),
        named: gated('named', candidates.named),
        reserve: gated('reserve', candidates.reserve),
        withdraw: gated('withdraw', candidates.withdraw),
        free: gated('free', candidates.free),
        shrink: gated('shrink', candidates.shrink),
        collected: gated('collected', candidates.collected),
      },
      travel: { warm: gated('warm', travel.warm), of: travel.of },
    },
  };
}
