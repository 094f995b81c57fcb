/** Work under way, and when there is none. */
export interface Underway {
  track<Result>(work: Promise<Result>): Promise<Result>;
  idle(): Promise<void>;
}

export function createUnderway(): Underway {
  const works = new Set<Promise<unknown>>();
  return {
    track(work) {
      const tracked = work.finally(() => works.delete(tracked));
      works.add(tracked);
      return tracked;
    },
    async idle() {
      while (works.size > 0) await Promise.allSettled(works);
    },
  };
}
