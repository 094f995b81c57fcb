/** What people asked of the system and what they were told: one operation is one Idempotency-Key, however often it was sent. */
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

export type OperationKind = 'post' | 'accept' | 'decline' | 'release' | 'handover' | 'cancel' | 'read';
export type Outcome = 'ok' | 'fail' | 'unknown';

export interface Operation {
  readonly id: number;
  /** who asked: a donor's or recipient's id */
  readonly process: string;
  readonly kind: OperationKind;
  readonly key: string;
  /** of a post: known once it is answered */
  readonly lot: string | null;
  readonly offer: string | null;
  /** grams asked for; null: all */
  readonly grams: number | null;
  /** unix ms: before the first try was sent */
  readonly invokedAtMs: number;
  /** unix ms: after the last answer came; null: never answered, so it may take effect at any later time */
  readonly endedAtMs: number | null;
  readonly outcome: Outcome;
  /** HTTP status of the last answer; 0: none */
  readonly status: number;
  /** `offer-lapsed` and the like; empty: none */
  readonly problem: string;
  readonly tries: number;
  /** tries that were told 401 */
  readonly timesTurnedAway: number;
  /** ms after which it would have given up */
  readonly patienceMs: number;
  readonly answer: unknown;
}

/** An operation that was answered 2xx was sent again with its key: both answers. */
export interface Repeat {
  readonly id: number;
  readonly key: string;
  readonly first: { readonly status: number; readonly answer: unknown };
  readonly again: { readonly status: number; readonly answer: unknown };
}

/** The history as it happens, one JSON object a line: `invoke` first, then `ok`, `fail` or `unknown`. */
export interface HistoryLog {
  write(entry: Readonly<Record<string, unknown>>): void;
  close(): Promise<void>;
}

export function openHistory(path: string): HistoryLog {
  const file = createWriteStream(path);
  return {
    write: (entry) => void file.write(`${JSON.stringify(entry)}\n`),
    close: async () => {
      file.end();
      await finished(file);
    },
  };
}
