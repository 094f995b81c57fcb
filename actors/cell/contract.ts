/** What callers of a cell see: one method, a batch in, an answer for each command out. */
import type { Answer, Command } from '#core/lots/command.ts';
import type { CellToken, LotId } from '#core/words/ids.ts';

export const ACTOR_TYPE = 'CellActor';
export const TURN_METHOD = 'turn';
/** A batch never exceeds this; a longer queue goes in several turns. */
export const MAX_BATCH = 100;

export interface TurnRequest {
  /** of the cell that is called, and of others on the same host */
  readonly commands: readonly Command[];
  /** W3C trace context of each command's caller; null: none */
  readonly traceparents: readonly (string | null)[];
}

/** Its cell is not on the host that was called: nothing was done. Ask the cell itself. */
export interface Away {
  readonly away: true;
}
export const AWAY: Away = { away: true };
/** Another host owns the cell now; ask again (same ids) after a moment. */
export interface Moved {
  readonly moved: true;
}
export const MOVED: Moved = { moved: true };
/** The id's row was claimed for another cell (a key's home row): take effect there, with this id and lot. */
export interface Elsewhere {
  readonly elsewhere: { readonly cell: CellToken; readonly lotId: LotId };
}
/** Too many wait for this cell's turns: nothing was done. Who may, asks later; who asks at once makes it worse. */
export interface Busy {
  readonly busy: true;
}
export type CellAnswer = Answer | Moved | Elsewhere | Busy;

/** One answer per command, in the order asked. */
export interface TurnResponse {
  readonly answers: readonly (CellAnswer | Away)[];
  /** who answers: commands for other cells that were met here may come in the same call. None: a host that takes one cell's only. */
  readonly host?: string;
}

export function isAway(answer: CellAnswer | Away): answer is Away {
  return 'away' in answer;
}

export function isMoved(answer: CellAnswer): answer is Moved {
  return 'moved' in answer;
}
export function isBusy(answer: CellAnswer): answer is Busy {
  return 'busy' in answer;
}
export function isElsewhere(answer: CellAnswer): answer is Elsewhere {
  return 'elsewhere' in answer;
}

/** How api and worker reach a cell. Commands of one caller that are under way at the same time may overtake each other. */
export interface CellClient {
  /**
   * Sends one command and waits for its answer, asking again under the same id when the cell moved or timed out; a busy cell is
   * asked again too, unless it is a post.
   * @throws CellUnavailable when the deadline passed (the command may or may not have taken effect: retry with the same id)
   * @throws CellBusy when the cell has no room for a post (nothing has taken effect)
   */
  send(cell: CellToken, command: Command, options?: SendOptions): Promise<Answer | Elsewhere>;
}

export interface SendOptions {
  /** how long to keep trying, ms; default 5,000 */
  readonly deadlineMs?: number;
  readonly traceparent?: string | null;
}

export class CellUnavailable extends Error {
  override readonly name = 'CellUnavailable';
  readonly retryAfterSeconds: number;
  constructor(message: string, retryAfterSeconds = 1) {
    super(message);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export class CellBusy extends Error {
  override readonly name = 'CellBusy';
}
