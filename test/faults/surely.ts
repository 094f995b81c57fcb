import { setTimeout as pause } from 'node:timers/promises';

/** Does it again until it is done: who is asked may be about to come up, or have just been killed. @throws its last error when the time is up */
export async function surely(act: () => Promise<void>, withinMs: number, everyMs: number): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await pause(everyMs);
    }
  }
}
