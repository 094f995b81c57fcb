/**
 * How this process reaches cells: together with others on the same host as far as it has met them there, else batched per cell;
 * asked again under the same ids until a deadline.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';
import {
  ACTOR_TYPE,
  AWAY,
  CellBusy,
  CellUnavailable,
  isAway,
  isBusy,
  isMoved,
  MAX_BATCH,
  MOVED,
  TURN_METHOD,
} from '#cell/contract.ts';
import type {
  Away,
  Busy,
  CellAnswer,
  CellClient,
  Moved,
  SendOptions,
  TurnRequest,
  TurnResponse,
} from '#cell/contract.ts';
import { regionOf } from '#core/geo/cell.ts';
import type { Command } from '#core/lots/command.ts';
import type { CellToken } from '#core/words/ids.ts';
import { createBatcher } from '../batching/batcher.ts';
import { withinMs } from '../timing/withinMs.ts';
import { createConvoys } from './convoys.ts';

export interface CellClientOptions {
  readonly daprUrl: string;
  readonly daprToken: string;
  /** Dapr calls in flight to cells whose host is not known */
  readonly maxCalls?: number;
  /** Dapr calls in flight to one host, for all cells that were met there */
  readonly maxCallsOfHost?: number;
  /** one Dapr call; a hung sidecar must not hold callers for its own 16 s */
  readonly callTimeoutMs?: number;
  readonly called?: (size: number, tookMs: number, ok: boolean) => void;
  /** a command that has to be sent once more */
  readonly again?: (because: 'away' | 'moved' | 'busy' | 'silent') => void;
}

interface Waiting {
  readonly cell: CellToken;
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
/** A call of so many takes a tenth of a second where all is slow: well within what a host waits for the slowest of its cells. */
const MAX_TOGETHER = 64;
/** A hundred bytes each; beyond it cells are called alone. */
const MAX_MET = 100_000;

export function createCellClient(options: CellClientOptions): CellClient & { close(): Promise<void> } {
  const { maxCalls = 16, maxCallsOfHost = 2, callTimeoutMs = 1_000 } = options;
  const timeouts = { headersTimeout: callTimeoutMs, bodyTimeout: callTimeoutMs };
  const dapr = new Pool(options.daprUrl, { ...timeouts, connect: { timeout: callTimeoutMs } });
  /** where a cell answered last; it may have moved since, then it is found through Dapr again */
  const hosts = new Map<CellToken, string>();
  /** cells that lead a call under way */
  const leading = new Set<CellToken>();
  const alone = createBatcher<CellToken, Waiting>({
    maxInFlight: maxCalls,
    maxBatch: MAX_BATCH,
    run: (_, batch) => callAndAnswer(batch, true),
  });
  const together = createConvoys<string, CellToken, Waiting>({
    maxAway: maxCallsOfHost,
    maxItems: MAX_TOGETHER,
    groupOf: (cell) => regionOf(cell),
    run: (batch) => callAndAnswer(batch, false),
  });

  function leave(waiting: Waiting): void {
    const { cell } = waiting;
    const host = hosts.get(cell);
    if (host === undefined) alone.add(cell, waiting, isUrgent(waiting));
    else together.add(host, cell, waiting, isUrgent(waiting));
  }

  async function callAndAnswer(waiting: readonly Waiting[], isAlone: boolean): Promise<void> {
    const batch = waiting.filter(isInTime);
    if (batch.length === 0) return;
    const lead = leadOf(batch);
    leading.add(lead);
    const response = await call(dapr, options, callTimeoutMs, lead, batch);
    leading.delete(lead);
    batch.forEach((each, index) => answered(each, answerOf(response, index, each.cell === lead), response, isAlone));
  }

  /** Dapr lets one call at a time through to a cell: the calls of this process are led by different ones, if possible. */
  function leadOf(batch: readonly Waiting[]): CellToken {
    const free = batch.find(({ cell }) => !leading.has(cell)) ?? (batch[0] as Waiting);
    return free.cell;
  }

  function answered(
    waiting: Waiting,
    answer: CellAnswer | Away,
    response: TurnResponse | null,
    isAlone: boolean,
  ): void {
    const { cell, tries } = waiting;
    meet(cell, answer, response?.host);
    // Not where it was met, so nothing was done: the cell itself is asked, at once.
    if (isAway(answer) && !isAlone) {
      options.again?.('away');
      alone.add(cell, waiting, isUrgent(waiting));
    } else if (isAway(answer) || isMoved(answer)) void retry(waiting, response === null ? 'silent' : 'moved');
    // Never answered `moved` or not at all before: then nobody has done it.
    else if (isBusy(answer) && !isUrgent(waiting) && tries === 0)
      waiting.reject(new CellBusy(`too many posts wait in cell ${cell}`));
    else if (isBusy(answer)) void retry(waiting, 'busy');
    else waiting.resolve(answer);
  }

  /** Another host than that where it was met can't say that it isn't there. */
  function meet(cell: CellToken, answer: CellAnswer | Away, host: string | undefined): void {
    if (isAway(answer)) {
      if (hosts.get(cell) === host) hosts.delete(cell);
    } else if (host === undefined || isMoved(answer)) hosts.delete(cell);
    else if (hosts.size < MAX_MET || hosts.has(cell)) hosts.set(cell, host);
  }

  async function retry(waiting: Waiting, because: 'moved' | 'busy' | 'silent'): Promise<void> {
    const waitMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** waiting.tries) * (0.5 + Math.random());
    if (performance.now() + waitMs >= waiting.deadlineMs) {
      waiting.reject(new CellUnavailable(`cell ${waiting.cell} did not answer in time`));
      return;
    }
    options.again?.(because);
    waiting.tries++;
    await pause(waitMs);
    leave(waiting);
  }

  return {
    send: (cell, command, given: SendOptions = {}) =>
      new Promise((resolve, reject) => {
        const deadlineMs = performance.now() + (given.deadlineMs ?? DEFAULT_DEADLINE_MS);
        const traceparent = given.traceparent ?? null;
        leave({ cell, command, traceparent, deadlineMs, resolve, reject, tries: 0 });
      }),
    close: () => dapr.close(),
  };
}

/** Answers and what is due finish what was begun: they go before new posts. */
function isUrgent({ command }: Waiting): boolean {
  return command.kind !== 'post';
}

/** Whoever waited too long for a call to leave is told so, and nothing is done for nobody. */
function isInTime(waiting: Waiting): boolean {
  if (performance.now() < waiting.deadlineMs) return true;
  const { cell, tries, reject } = waiting;
  // Never sent: nobody has done it.
  if (tries === 0 && !isUrgent(waiting)) reject(new CellBusy(`too many posts wait for the host of cell ${cell}`));
  else reject(new CellUnavailable(`cell ${cell} did not answer in time`));
  return false;
}

/**
 * No answer: it may or may not have taken effect, as when the cell has moved. A host that does not say who it is takes the commands of
 * the called cell only, and refuses the others for being another cell's.
 */
function answerOf(response: TurnResponse | null, index: number, isLeads: boolean): CellAnswer | Away {
  if (response !== null && response.host === undefined && !isLeads) return AWAY;
  return response?.answers[index] ?? MOVED;
}

/** null: no answer in time; the commands may or may not have taken effect. */
async function call(
  dapr: Pool,
  options: CellClientOptions,
  callTimeoutMs: number,
  lead: CellToken,
  batch: readonly Waiting[],
): Promise<TurnResponse | null> {
  const startedMs = performance.now();
  // What is late goes on, and ends by the pool's own timeouts.
  const asking = ask(dapr, options.daprToken, lead, batch).catch(() => null);
  const response = await withinMs(callTimeoutMs, asking, () => null);
  options.called?.(batch.length, performance.now() - startedMs, response !== null);
  return response;
}

/** One cell is called; whoever hosts it answers for all that are with it. */
async function ask(
  dapr: Pool,
  daprToken: string,
  lead: CellToken,
  batch: readonly Waiting[],
): Promise<TurnResponse | null> {
  // Several requests' commands go in one call: each takes its own trace along. Dapr's header has room for one.
  const traceparents = batch.map(({ traceparent }) => traceparent);
  const request: TurnRequest = { commands: batch.map(({ command }) => command), traceparents };
  const response = await dapr.request({
    method: 'PUT',
    path: `/v1.0/actors/${ACTOR_TYPE}/${lead}/method/${TURN_METHOD}`,
    headers: headersOf(daprToken, traceparents[0] ?? null),
    body: JSON.stringify(request),
  });
  if (response.statusCode !== 200) {
    await response.body.dump();
    return null;
  }
  const answered = (await response.body.json()) as TurnResponse | null;
  return Array.isArray(answered?.answers) ? answered : null;
}

function headersOf(daprToken: string, traceparent: string | null): Record<string, string> {
  const headers = { 'content-type': 'application/json', 'dapr-api-token': daprToken };
  return traceparent === null ? headers : { ...headers, traceparent };
}
