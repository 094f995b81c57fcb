import type { Answer, Command } from '#core/lots/command.ts';
import type { CellAnswer } from './contract.ts';

/** Repeats mostly come within seconds: their answers are here, and in PostgreSQL for ever after. */
const MAX_KEPT = 2_000;

export interface RecentAnswers {
  get(commandId: string): Answer | null;
  put(command: Command, answer: Answer): void;
  /** The answer for this copy of a command: another fingerprint under the same id is a reused key. */
  check(command: Command, answer: CellAnswer): CellAnswer;
  clear(): void;
}

export function createRecentAnswers(): RecentAnswers {
  const kept = new Map<string, { fingerprint: string | null; answer: Answer }>();
  return {
    get: (commandId) => kept.get(commandId)?.answer ?? null,
    put(command, answer) {
      if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value ?? '');
      kept.set(command.id, { fingerprint: command.fingerprint, answer });
    },
    check(command, answer) {
      const first = kept.get(command.id);
      if (first === undefined || first.fingerprint === command.fingerprint) return answer;
      return { ok: false, refused: 'key-reuse', detail: 'This key was used with another request.' };
    },
    clear: () => kept.clear(),
  };
}
