/** One call through Dapr with commands for the cells of one host. */
import { Pool } from 'undici';
import { ACTOR_TYPE, AWAY, MOVED, TURN_METHOD } from '#cell/contract.ts';
import type { Away, CellAnswer, TurnRequest, TurnResponse } from '#cell/contract.ts';
import type { Command } from '#core/lots/command.ts';
import type { CellToken } from '#core/words/ids.ts';
import { withinMs } from '../timing/withinMs.ts';

export interface CellCallOptions {
  readonly daprUrl: string;
  readonly daprToken: string;
  /** one Dapr call; a hung sidecar must not hold callers for its own 16 s */
  readonly callTimeoutMs?: number;
  readonly called?: (size: number, tookMs: number, ok: boolean) => void;
}

export interface Sent {
  readonly cell: CellToken;
  readonly command: Command;
  readonly traceparent: string | null;
}

export interface Called {
  /** one per command, in order; without any answer all have moved: they may or may not have taken effect */
  readonly answers: readonly (CellAnswer | Away)[];
  /** undefined: nobody, or one who does not say who it is */
  readonly host: string | undefined;
  readonly isSilent: boolean;
}

export interface CellCall {
  /** Never rejects. @param batch not empty */
  call(batch: readonly Sent[]): Promise<Called>;
  close(): Promise<void>;
}

export function createCellCall({ daprUrl, daprToken, callTimeoutMs = 1_000, called }: CellCallOptions): CellCall {
  const timeouts = { headersTimeout: callTimeoutMs, bodyTimeout: callTimeoutMs };
  const dapr = new Pool(daprUrl, { ...timeouts, connect: { timeout: callTimeoutMs } });
  const leading = new Set<CellToken>();

  /** Dapr lets one call at a time through to a cell: the calls of this process are led by different ones, if possible. */
  function leadOf(batch: readonly Sent[]): CellToken {
    const free = batch.find(({ cell }) => !leading.has(cell)) ?? batch[0];
    if (free === undefined) throw new Error('nothing to send');
    return free.cell;
  }

  return {
    async call(batch) {
      const lead = leadOf(batch);
      leading.add(lead);
      const startedMs = performance.now();
      // What is late goes on, and ends by the pool's own timeouts.
      const asking = ask(dapr, daprToken, lead, batch).catch(() => null);
      const response = await withinMs(callTimeoutMs, asking, () => null);
      leading.delete(lead);
      called?.(batch.length, performance.now() - startedMs, response !== null);
      return {
        answers: batch.map(({ cell }, index) => answerOf(response, index, cell === lead)),
        host: response?.host,
        isSilent: response === null,
      };
    },
    close: () => dapr.close(),
  };
}

/**
 * A host that does not say who it is (one of the version before) takes the commands of the called cell only, and refuses the others for
 * being another cell's.
 */
function answerOf(response: TurnResponse | null, index: number, isLeads: boolean): CellAnswer | Away {
  if (response !== null && response.host === undefined && !isLeads) return AWAY;
  return response?.answers[index] ?? MOVED;
}

async function ask(
  dapr: Pool,
  daprToken: string,
  lead: CellToken,
  batch: readonly Sent[],
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
