/**
 * How this process reaches cells: together with others on the same host as far as it has met them there, else batched per cell;
 * asked again under the same ids until a deadline.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { CellBusy, CellUnavailable, isAway, isBusy, isMoved, MAX_BATCH } from '#cell/contract.ts';
import type { Away, Busy, CellAnswer, CellClient, Moved, SendOptions } from '#cell/contract.ts';
import { regionOf } from '#core/geo/cell.ts';
import type { CellToken } from '#core/words/ids.ts';
import { createBatcher } from '../batching/batcher.ts';
import { createCellCall, type CellCallOptions, type Sent } from './cellCall.ts';
import { createConvoys } from './convoys.ts';
import { createWhereMet } from './whereMet.ts';

type Because = 'away' | 'moved' | 'busy' | 'silent';

export interface CellClientOptions extends CellCallOptions {
  /** Dapr calls in flight to cells whose host is not known */
  readonly maxCalls?: number;
  /** Dapr calls in flight to one host, for all cells that were met there */
  readonly maxCallsOfHost?: number;
  /** a command has to be sent once more */
  readonly again?: (because: Because) => void;
}

interface Waiting extends Sent {
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
/** Fewer wait for the call before them, but not longer than this. */
const OVERTAKE_MS = 150;

export function createCellClient(options: CellClientOptions): CellClient & { close(): Promise<void> } {
  const { maxCalls = 16, maxCallsOfHost = 2, again = () => undefined } = options;
  const { call, close } = createCellCall(options);
  const met = createWhereMet();
  const alone = createBatcher<CellToken, Waiting>({
    maxInFlight: maxCalls,
    maxBatch: MAX_BATCH,
    run: (_, batch) => callAndAnswer(batch, true),
  });
  const together = createConvoys<string, CellToken, Waiting>({
    maxAway: maxCallsOfHost,
    overtakeMs: OVERTAKE_MS,
    maxItems: MAX_TOGETHER,
    groupOf: (cell) => regionOf(cell),
    run: (batch) => callAndAnswer(batch, false),
  });

  function leave(waiting: Waiting): void {
    const host = met.hostOf(waiting.cell);
    if (host === undefined) alone.add(waiting.cell, waiting, isUrgent(waiting));
    else together.add(host, waiting.cell, waiting, isUrgent(waiting));
  }

  async function callAndAnswer(waiting: readonly Waiting[], isAlone: boolean): Promise<void> {
    const batch = waiting.filter(isInTime);
    if (batch.length === 0) return;
    const { answers, host, isSilent } = await call(batch);
    batch.forEach((each, index) => {
      const answer = answers[index] as CellAnswer | Away;
      met.learn(each.cell, answer, host);
      // Not where it was met, so nothing was done: the cell itself is asked, at once.
      if (isAway(answer) && !isAlone) {
        again('away');
        alone.add(each.cell, each, isUrgent(each));
      } else if (isAway(answer) || isMoved(answer)) void retry(each, isSilent ? 'silent' : 'moved');
      // Never answered `moved` or not at all before: then nobody has done it.
      else if (isBusy(answer) && !isUrgent(each) && each.tries === 0)
        each.reject(new CellBusy(`too many posts wait in cell ${each.cell}`));
      else if (isBusy(answer)) void retry(each, 'busy');
      else each.resolve(answer);
    });
  }

  async function retry(waiting: Waiting, because: Because): Promise<void> {
    const waitMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** waiting.tries) * (0.5 + Math.random());
    if (performance.now() + waitMs >= waiting.deadlineMs) {
      waiting.reject(new CellUnavailable(`cell ${waiting.cell} did not answer in time`));
      return;
    }
    again(because);
    waiting.tries++;
    await pause(waitMs);
    leave(waiting);
  }

  return {
    send: (cell, command, { deadlineMs = DEFAULT_DEADLINE_MS, traceparent = null }: SendOptions = {}) =>
      new Promise((resolve, reject) => {
        leave({ cell, command, traceparent, deadlineMs: performance.now() + deadlineMs, resolve, reject, tries: 0 });
      }),
    close,
  };
}

/** Answers and what is due finish what was begun: they go before new posts. */
function isUrgent({ command }: Waiting): boolean {
  return command.kind !== 'post';
}

/** Whoever has waited too long for a call to leave is told so, and is not sent. */
function isInTime(waiting: Waiting): boolean {
  if (performance.now() < waiting.deadlineMs) return true;
  const { cell, tries, reject } = waiting;
  // Never sent: nobody has done it.
  if (tries === 0 && !isUrgent(waiting)) reject(new CellBusy(`too many posts wait for the host of cell ${cell}`));
  else reject(new CellUnavailable(`cell ${cell} did not answer in time`));
  return false;
}
