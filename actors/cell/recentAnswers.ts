import type { Answer, Command } from '#core/lots/command.ts';

/** Repeats mostly come within seconds: their answers are here, and in PostgreSQL for a week after. */
const KEPT_MS = 3_000;
const MAX_KEPT = 200;

export interface RecentAnswers {
  get(commandId: string): Answer | null;
  /** undefined: nothing is kept under this id */
  fingerprintOf(commandId: string): string | null | undefined;
  put(command: Command, answer: Answer): void;
  clear(): void;
}

export function createRecentAnswers(nowMs: () => number): RecentAnswers {
  const kept = new Map<string, { fingerprint: string | null; answer: Answer; atMs: number }>();
  /** A map keeps the order of its entries: the oldest come first. */
  const forgetOld = (now: number): void => {
    for (const [id, { atMs }] of kept) {
      if (kept.size < MAX_KEPT && now - atMs <= KEPT_MS) return;
      kept.delete(id);
    }
  };
  return {
    get: (commandId) => kept.get(commandId)?.answer ?? null,
    fingerprintOf: (commandId) => kept.get(commandId)?.fingerprint,
    put(command, answer) {
      const atMs = nowMs();
      forgetOld(atMs);
      kept.set(command.id, { fingerprint: command.fingerprint, answer, atMs });
    },
    clear: () => kept.clear(),
  };
}
