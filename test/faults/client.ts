/** Asks over both APIs, tries again under the same key, and records each operation. */
import { setTimeout as pause } from 'node:timers/promises';
import { keepTokens } from '../../dev/issuer/tokens.ts';
import type { HistoryLog, Operation, OperationKind, Outcome, Repeat } from './operations.ts';

export interface Ask {
  readonly kind: OperationKind;
  readonly role: 'donor' | 'recipient' | 'operator';
  readonly org: string;
  readonly method: string;
  readonly path: string;
  readonly key: string;
  readonly body?: unknown;
  readonly lot?: string;
  readonly offer?: string;
  readonly grams?: number;
  /** gives up after this; default 25 s */
  readonly patienceMs?: number;
  /** a try that takes longer goes to the other API; default 2 s */
  readonly tryTimeoutMs?: number;
  /** which API is asked first */
  readonly api?: number;
}

export interface Client {
  /** The operation as it is recorded. Never throws: without an answer its outcome is `unknown`. */
  perform(ask: Ask): Promise<Operation>;
  /** Sends an operation that ended well once more, by the other API, and keeps both answers. */
  repeat(ask: Ask, operation: Operation): Promise<void>;
  readonly operations: Operation[];
  readonly repeats: Repeat[];
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export const PATIENCE_MS = 25_000;
/** A try that hangs is given up for the other API. */
const TRY_TIMEOUT_MS = 2_000;
const WAIT_MS = 250;

export function createClient(apiUrls: readonly string[], issuerUrl: string, log: HistoryLog): Client {
  const tokens = keepTokens(issuerUrl);
  const operations: Operation[] = [];
  const repeats: Repeat[] = [];
  let asked = 0;

  const send = async (ask: Ask, api: number, timeoutMs: number): Promise<Answer | null> => {
    try {
      const response = await fetch(`${apiUrls[api % apiUrls.length] ?? ''}${ask.path}`, {
        method: ask.method,
        headers: {
          authorization: `Bearer ${await tokens.of(ask.role, ask.org)}`,
          'idempotency-key': ask.key,
          ...(ask.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(ask.body === undefined ? {} : { body: JSON.stringify(ask.body) }),
        signal: AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs))),
      });
      return { status: response.status, body: await response.json() };
    } catch {
      return null;
    }
  };
  /** Until a final answer, or the patience ends: then the last one that was not final. */
  const insist = async (ask: Ask): Promise<{ last: Answer | null; tries: number; timesTurnedAway: number }> => {
    const deadlineMs = performance.now() + (ask.patienceMs ?? PATIENCE_MS);
    let last: Answer | null = null;
    let timesTurnedAway = 0;
    for (let tries = 0; ; tries++) {
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) return { last, tries, timesTurnedAway };
      // The last try is cut short: what an earlier one said is worth more than nothing.
      const now = await send(ask, (ask.api ?? 0) + tries, Math.min(ask.tryTimeoutMs ?? TRY_TIMEOUT_MS, leftMs));
      if (now?.status === 401) timesTurnedAway++;
      last = now ?? last;
      if (last !== null && isFinal(last)) return { last, tries: tries + 1, timesTurnedAway };
      await pause(WAIT_MS);
    }
  };
  return {
    operations,
    repeats,
    perform: async (ask) => {
      const id = asked++;
      const invokedAtMs = Date.now();
      const { kind, key, lot = null, offer = null, grams = null } = ask;
      const named = { id, process: ask.org, kind, key, lot, offer, grams };
      log.write({ ...named, event: 'invoke', atMs: invokedAtMs });
      const { last, tries, timesTurnedAway } = await insist(ask);
      const endedMs = Date.now();
      const outcome = outcomeOf(last);
      const operation: Operation = {
        ...named,
        lot: lot ?? (outcome === 'ok' && kind === 'post' ? (last?.body as { id: string }).id : null),
        invokedAtMs,
        endedAtMs: outcome === 'unknown' ? null : endedMs,
        outcome,
        status: last?.status ?? 0,
        problem: problemOf(last?.body),
        tries,
        timesTurnedAway,
        patienceMs: ask.patienceMs ?? PATIENCE_MS,
        answer: last?.body ?? null,
      };
      operations.push(operation);
      const { status, problem, answer } = operation;
      log.write({ ...named, lot: operation.lot, event: outcome, atMs: endedMs, status, problem, tries, answer });
      return operation;
    },
    repeat: async (ask, operation) => {
      const { id, key, status, answer } = operation;
      log.write({ id, key, event: 'invoke again', atMs: Date.now() });
      const { last } = await insist({ ...ask, api: (ask.api ?? 0) + 1 });
      if (last === null || !isFinal(last)) {
        log.write({ id, key, event: 'repeat unknown', atMs: Date.now(), status: last?.status ?? 0 });
        return;
      }
      const entry = { id, key, first: { status, answer }, again: { status: last.status, answer: last.body } };
      repeats.push(entry);
      log.write({ id, key, event: 'repeat', atMs: Date.now(), status: last.status, answer: last.body });
    },
  };
}

function outcomeOf(last: Answer | null): Outcome {
  if (last === null || !isFinal(last)) return 'unknown';
  return last.status < 300 ? 'ok' : 'fail';
}

/** 5xx, limits and `in-flight` say nothing about the effect; nor does 401, which is counted: a law asks why. */
function isFinal({ status, body }: Answer): boolean {
  return status < 500 && ![401, 408, 429].includes(status) && problemOf(body) !== 'in-flight';
}

function problemOf(body: unknown): string {
  const type = typeof body === 'object' && body !== null && 'type' in body ? body.type : '';
  return typeof type === 'string' ? (type.split('/').at(-1) ?? '') : '';
}
