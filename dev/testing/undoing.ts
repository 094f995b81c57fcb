export interface Undo {
  /** what was acquired, and how it is given back */
  after<Acquired>(acquired: Acquired, giveBack: (acquired: Acquired) => unknown): Acquired;
  /** the last acquired first; for a test's `after`: it runs even when `before` failed half-way */
  all(): Promise<void>;
}

export function undoing(): Undo {
  const steps: (() => unknown)[] = [];
  return {
    after: (acquired, giveBack) => {
      steps.push(() => giveBack(acquired));
      return acquired;
    },
    all: async () => {
      for (const step of steps.splice(0).reverse()) await step();
    },
  };
}
