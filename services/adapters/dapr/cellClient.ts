/**
 * How this process reaches cells: one Dapr call in flight per cell, at most `maxCalls` in all, ready cells round robin.
 * Alone, a command leaves at once; under load batches grow by themselves, because a cell's next batch gathers while its
 * last is away. Without the cap, 200 busy cells give batches of 1 to 3 and waste the box (measured, architecture.md).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';
import { ACTOR_TYPE, CellUnavailable, isMoved, MAX_BATCH, TURN_METHOD, type CellAnswer } from '#cell/contract.ts';
import type { CellClient, SendOptions, TurnRequest, TurnResponse } from '#cell/contract.ts';
import type { Command } from '#core/lots/command.ts';
import type { CellToken } from '#core/words/ids.ts';

export interface CellClientOptions {
  readonly daprUrl: string;
  readonly daprToken: string;
  /** Dapr calls in flight at most */
  readonly maxCalls?: number;
  /** one Dapr call; a hung sidecar must not hold callers for its own 16 s */
  readonly callTimeoutMs?: number;
  readonly called?: (size: number, tookMs: number, ok: boolean) => void;
}

interface Waiting {
  readonly command: Command;
  readonly traceparent: string | null;
  readonly deadlineMs: number;
  readonly resolve: (answer: Exclude<CellAnswer, { moved: true }>) => void;
  readonly reject: (error: Error) => void;
  tries: number;
}

const DEFAULT_DEADLINE_MS = 5_000;
const RETRY_FIRST_MS = 25;
const RETRY_MAX_MS = 400;

export function createCellClient(options: CellClientOptions): CellClient & { close(): Promise<void> } {
  const { maxCalls = 8, callTimeoutMs = 1_000 } = options;
  const dapr = new Pool(options.daprUrl, {
    connections: maxCalls,
    headersTimeout: callTimeoutMs,
    bodyTimeout: callTimeoutMs,
  });
  const queues = new Map<CellToken, Waiting[]>();
  const ready: CellToken[] = [];
  const busy = new Set<CellToken>();

  function send(cell: CellToken, command: Command, given: SendOptions = {}): ReturnType<CellClient['send']> {
    return new Promise((resolve, reject) => {
      const deadlineMs = performance.now() + (given.deadlineMs ?? DEFAULT_DEADLINE_MS);
      enqueue(cell, { command, traceparent: given.traceparent ?? null, deadlineMs, resolve, reject, tries: 0 });
      pump();
    });
  }

  function enqueue(cell: CellToken, waiting: Waiting): void {
    const queue = queues.get(cell);
    if (queue !== undefined) {
      queue.push(waiting);
      return;
    }
    queues.set(cell, [waiting]);
    if (!busy.has(cell)) ready.push(cell);
  }

  function pump(): void {
    while (busy.size < maxCalls) {
      const cell = ready.shift();
      if (cell === undefined) return;
      const queue = queues.get(cell) ?? [];
      const batch = queue.splice(0, MAX_BATCH);
      if (queue.length === 0) queues.delete(cell);
      busy.add(cell);
      void callAndAnswer(cell, batch).finally(() => {
        busy.delete(cell);
        if (queues.has(cell)) ready.push(cell);
        pump();
      });
    }
  }

  async function callAndAnswer(cell: CellToken, batch: readonly Waiting[]): Promise<void> {
    const answers = await call(cell, batch);
    batch.forEach((waiting, index) => {
      const answer = answers?.[index];
      if (answer === undefined || isMoved(answer)) void retry(cell, waiting);
      else waiting.resolve(answer);
    });
  }

  /** null: no answer; the commands may or may not have taken effect. */
  async function call(cell: CellToken, batch: readonly Waiting[]): Promise<readonly CellAnswer[] | null> {
    const startedMs = performance.now();
    const request: TurnRequest = {
      commands: batch.map(({ command }) => command),
      traceparent: batch[0]?.traceparent ?? null,
    };
    try {
      const response = await dapr.request({
        method: 'PUT',
        path: `/v1.0/actors/${ACTOR_TYPE}/${cell}/method/${TURN_METHOD}`,
        headers: headersOf(options.daprToken, request.traceparent),
        body: JSON.stringify(request),
        signal: AbortSignal.timeout(callTimeoutMs),
      });
      const ok = response.statusCode === 200;
      const body = ok ? ((await response.body.json()) as TurnResponse) : (await response.body.dump(), null);
      options.called?.(batch.length, performance.now() - startedMs, ok);
      return body?.answers ?? null;
    } catch {
      options.called?.(batch.length, performance.now() - startedMs, false);
      return null;
    }
  }

  async function retry(cell: CellToken, waiting: Waiting): Promise<void> {
    const waitMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** waiting.tries) * (0.5 + Math.random());
    if (performance.now() + waitMs >= waiting.deadlineMs) {
      waiting.reject(new CellUnavailable(`cell ${cell} did not answer in time`));
      return;
    }
    waiting.tries++;
    await pause(waitMs);
    enqueue(cell, waiting);
    pump();
  }

  return { send, close: () => dapr.close() };
}

function headersOf(daprToken: string, traceparent: string | null): Record<string, string> {
  const headers = { 'content-type': 'application/json', 'dapr-api-token': daprToken };
  return traceparent === null ? headers : { ...headers, traceparent };
}
