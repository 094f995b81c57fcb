/** How this process reaches cells: batched per cell, asked again under the same ids until a deadline. */
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';
import { ACTOR_TYPE, CellBusy, CellUnavailable, isBusy, isMoved, MAX_BATCH, TURN_METHOD } from '#cell/contract.ts';
import type { Busy, CellAnswer, CellClient, Moved, SendOptions, TurnRequest, TurnResponse } from '#cell/contract.ts';
import { regionOf } from '#core/geo/cell.ts';
import type { Command } from '#core/lots/command.ts';
import type { CellToken } from '#core/words/ids.ts';
import { createBatcher } from '../batching/batcher.ts';
import { withinMs } from '../timing/withinMs.ts';

export interface CellClientOptions {
  readonly daprUrl: string;
  readonly daprToken: string;
  /** Dapr calls in flight: a region's cells leave together, no more of them while so many are away */
  readonly maxCalls?: number;
  /** one Dapr call; a hung sidecar must not hold callers for its own 16 s */
  readonly callTimeoutMs?: number;
  readonly called?: (size: number, tookMs: number, ok: boolean) => void;
}

interface Waiting {
  readonly command: Command;
  readonly traceparent: string | null;
  readonly deadlineMs: number;
  readonly resolve: (answer: Exclude<CellAnswer, Moved | Busy>) => void;
  readonly reject: (error: Error) => void;
  tries: number;
}

const DEFAULT_DEADLINE_MS = 5_000;
const RETRY_FIRST_MS = 25;
const RETRY_MAX_MS = 400;

export function createCellClient(options: CellClientOptions): CellClient & { close(): Promise<void> } {
  const { maxCalls = 16, callTimeoutMs = 1_000 } = options;
  const timeouts = { headersTimeout: callTimeoutMs, bodyTimeout: callTimeoutMs };
  const dapr = new Pool(options.daprUrl, { ...timeouts, connect: { timeout: callTimeoutMs } });
  const batcher = createBatcher<CellToken, Waiting>({
    maxInFlight: maxCalls,
    maxBatch: MAX_BATCH,
    groupOf: (cell) => regionOf(cell),
    run: callAndAnswer,
  });

  async function callAndAnswer(cell: CellToken, batch: readonly Waiting[]): Promise<void> {
    const answers = await call(dapr, options, callTimeoutMs, cell, batch);
    batch.forEach((waiting, index) => {
      const answer = answers?.[index];
      if (answer === undefined || isMoved(answer)) void retry(cell, waiting);
      // Never answered `moved` or not at all before: then nobody has done it.
      else if (isBusy(answer) && !isUrgent(waiting) && waiting.tries === 0)
        waiting.reject(new CellBusy(`too many posts wait in cell ${cell}`));
      else if (isBusy(answer)) void retry(cell, waiting);
      else waiting.resolve(answer);
    });
  }

  async function retry(cell: CellToken, waiting: Waiting): Promise<void> {
    const waitMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** waiting.tries) * (0.5 + Math.random());
    if (performance.now() + waitMs >= waiting.deadlineMs) {
      waiting.reject(new CellUnavailable(`cell ${cell} did not answer in time`));
      return;
    }
    waiting.tries++;
    await pause(waitMs);
    batcher.add(cell, waiting, isUrgent(waiting));
  }

  return {
    send: (cell, command, given: SendOptions = {}) =>
      new Promise((resolve, reject) => {
        const deadlineMs = performance.now() + (given.deadlineMs ?? DEFAULT_DEADLINE_MS);
        const traceparent = given.traceparent ?? null;
        const waiting: Waiting = { command, traceparent, deadlineMs, resolve, reject, tries: 0 };
        batcher.add(cell, waiting, isUrgent(waiting));
      }),
    close: () => dapr.close(),
  };
}

/** Answers and what is due finish what was begun: they go before new posts. */
function isUrgent({ command }: Waiting): boolean {
  return command.kind !== 'post';
}

/** null: no answer in time; the commands may or may not have taken effect. */
async function call(
  dapr: Pool,
  options: CellClientOptions,
  callTimeoutMs: number,
  cell: CellToken,
  batch: readonly Waiting[],
): Promise<readonly CellAnswer[] | null> {
  const startedMs = performance.now();
  // What is late goes on, and ends by the pool's own timeouts.
  const asking = ask(dapr, options.daprToken, cell, batch).catch(() => null);
  const answers = await withinMs(callTimeoutMs, asking, () => null);
  options.called?.(batch.length, performance.now() - startedMs, answers !== null);
  return answers;
}

async function ask(
  dapr: Pool,
  daprToken: string,
  cell: CellToken,
  batch: readonly Waiting[],
): Promise<readonly CellAnswer[] | null> {
  // Several requests' commands go in one call: each takes its own trace along. Dapr's header has room for one.
  const traceparents = batch.map(({ traceparent }) => traceparent);
  const request: TurnRequest = { commands: batch.map(({ command }) => command), traceparents };
  const response = await dapr.request({
    method: 'PUT',
    path: `/v1.0/actors/${ACTOR_TYPE}/${cell}/method/${TURN_METHOD}`,
    headers: headersOf(daprToken, traceparents[0] ?? null),
    body: JSON.stringify(request),
  });
  if (response.statusCode !== 200) {
    await response.body.dump();
    return null;
  }
  return ((await response.body.json()) as TurnResponse).answers;
}

function headersOf(daprToken: string, traceparent: string | null): Record<string, string> {
  const headers = { 'content-type': 'application/json', 'dapr-api-token': daprToken };
  return traceparent === null ? headers : { ...headers, traceparent };
}
