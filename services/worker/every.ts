import type { Logger } from 'pino';

/**
 * Runs at once and then every so often, never twice at a time; a failure is logged and the next run tries again.
 * @param run true: there is more to do, at once
 */
export function every(
  ms: number,
  what: string,
  run: () => Promise<boolean | void>,
  log: Pick<Logger, 'warn'>,
): { stop(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let current: Promise<void> = Promise.resolve();
  const once = (): void => {
    current = run()
      .catch((error: unknown) => {
        log.warn({ err: error }, `${what} failed; the next one tries again`);
      })
      .then((isMore) => {
        if (!stopped) timer = setTimeout(once, isMore === true ? 0 : ms);
      });
  };
  once();
  return {
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await current;
    },
  };
}
