/** At most `most` of the given tasks run at once; the others wait in order. */
export function createLimit(most: number): <T>(task: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      // the place goes straight to the next one, so that nobody can slip in between
      if (next === undefined) running--;
      else next();
    }
  };
}
