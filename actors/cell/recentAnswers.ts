import type { Answer, Command } from '#core/lots/command.ts';

/** Repeats mostly come within seconds: their answers are here, and in PostgreSQL for ever after. */
const MAX_KEPT = 2_000;

export interface RecentAnswers {
  get(commandId: string): Answer | null;
  /** undefined: nothing is kept under this id */
  fingerprintOf(commandId: string): string | null | undefined;
  put(command: Command, answer: Answer): void;
  clear(): void;
}

export function createRecentAnswers(): RecentAnswers {
  const kept = new Map<string, { fingerprint: string | null; answer: Answer }>();
  return {
    get: (commandId) => kept.get(commandId)?.answer ?? null,
    fingerprintOf: (commandId) => kept.get(commandId)?.fingerprint,
    put(command, answer) {
      if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value ?? '');
      kept.set(command.id, { fingerprint: command.fingerprint, answer });
    },
    clear: () => kept.clear(),
  };
}
