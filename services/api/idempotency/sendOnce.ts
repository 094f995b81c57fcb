/** A command under a key, sent to its cell: one effect, one answer, wherever and however often it is asked. */
import type { ClaimedKey, KeyClaim } from '#adapters/postgres/sql/claimKey.ts';
import { withinMs } from '#adapters/timing/withinMs.ts';
import { isElsewhere, type CellClient } from '#cell/contract.ts';
import { regionOf, signedIdOf } from '#core/geo/cell.ts';
import { lotIdOfCommand, type Answer, type Command } from '#core/lots/command.ts';
import { cellOf, type LotId } from '#core/words/ids.ts';
import { Problem } from '../problems.ts';

export interface SendOnceDependencies {
  readonly cells: CellClient;
  readonly claimKey: (claim: KeyClaim) => Promise<ClaimedKey>;
  /** how long a repeat waits for the first of its kind, ms */
  readonly waitMs?: number;
  /** a repeat met its first in this process */
  readonly joined?: () => void;
}

export interface Ask {
  /** its id is the key's command id, its fingerprint the request's */
  readonly command: Command & { readonly fingerprint: string };
  /** where the organisation's keys live, PostgreSQL's bigint in decimal */
  readonly homeRegionId: string;
  readonly traceparent: string;
}

export type SendOnce = (ask: Ask) => Promise<Answer>;

const REUSED: Answer = { ok: false, refused: 'key-reuse', detail: 'This key was used with another request.' };
const DEFAULT_WAIT_MS = 6_000;

/** @throws CellUnavailable (by the returned function) · Problem in-flight when the first takes longer than the wait */
export function createSendOnce({ cells, claimKey, waitMs = DEFAULT_WAIT_MS, joined }: SendOnceDependencies): SendOnce {
  // By key and fingerprint: of two different requests under one key PostgreSQL says which came first, not this process.
  const inFlight = new Map<string, Promise<Answer>>();

  async function send(ask: Ask): Promise<Answer> {
    const there = await placeOf(ask);
    if ('answer' in there) return there.answer;
    const command = at(ask.command, there.lotId);
    const { traceparent } = ask;
    const answer = await cells.send(cellOf(lotIdOfCommand(command)), command, { traceparent });
    if (!isElsewhere(answer)) return answer;
    const moved = await cells.send(answer.elsewhere.cell, at(command, answer.elsewhere.lotId), { traceparent });
    if (isElsewhere(moved)) throw new Error('a key was claimed from elsewhere to elsewhere');
    return moved;
  }

  /** In the home region the cell itself keeps the key. Elsewhere it is claimed at home first. */
  async function placeOf({ command, homeRegionId }: Ask): Promise<{ lotId: LotId } | { answer: Answer }> {
    const lotId = lotIdOfCommand(command);
    const cell = cellOf(lotId);
    if (signedIdOf(regionOf(cell)) === homeRegionId) return { lotId };
    const { id: commandId, kind, fingerprint } = command;
    const claimed = await claimKey({ homeRegionId, commandId, kind, fingerprint, cell, lotId });
    if (claimed.outcome === 'reused') return { answer: REUSED };
    return claimed.outcome === 'answered' ? { answer: claimed.answer } : { lotId: claimed.lotId };
  }

  return async (ask) => {
    const same = `${ask.command.fingerprint} ${ask.command.id}`;
    const first = inFlight.get(same);
    if (first !== undefined) {
      joined?.();
      return await withinMs(waitMs, first, stillUnderWay);
    }
    const answer = send(ask).finally(() => inFlight.delete(same));
    inFlight.set(same, answer);
    return await answer;
  };
}

/** A post takes effect under the id that was claimed; other commands name their lot themselves. */
function at(command: Command, lotId: LotId): Command {
  return command.kind === 'post' ? { ...command, lotId } : command;
}

function stillUnderWay(): never {
  throw new Problem('in-flight', 'The first request with this key is still under way.', {
    headers: { 'retry-after': '1' },
  });
}
