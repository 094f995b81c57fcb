/** The cells this process hosts, by token: what Dapr's actor protocol calls into. */
import { levelOf } from '#core/geo/cell.ts';
import type { Policy } from '#core/lots/policy.ts';
import { parseCellToken, type CellToken } from '#core/words/ids.ts';
import { createCell, type Cell, type CellHooks, type CellLoad } from './cell.ts';
import { AWAY, type TurnRequest, type TurnResponse } from './contract.ts';
import { createShelf } from './openLots.ts';
import type { CellPorts } from './ports.ts';
import { inOrder, inTime, sharesOf } from './shares.ts';

export interface CellActors {
  /**
   * Commands for other cells may come along: those that are not here are answered so.
   * @throws RangeError when the id is no cell of this deployment or the request is malformed
   */
  turn(actorId: string, request: TurnRequest): Promise<TurnResponse>;
  /** Dapr moves or idles the actor: its turns are finished, its cache forgotten. */
  deactivate(actorId: string): Promise<void>;
  /** Resolves when no turn is under way anywhere. */
  idle(): Promise<void>;
  count(): number;
  /** of each cell that is here */
  loads(): ReadonlyMap<CellToken, CellLoad>;
}

export function createCellActors(ports: CellPorts, policy: Policy, hooks: CellHooks, cellLevel: number): CellActors {
  const cells = new Map<CellToken, Cell>();
  const shelf = createShelf();
  const host = ports.newUuid(ports.clock.nowMs());
  /** Dapr has taken them away; their last turn is not over */
  const leaving = new Set<CellToken>();

  function cellOfActor(actorId: string): Cell {
    const token = parseCellToken(actorId);
    if (token === null || levelOf(token) !== cellLevel)
      throw new RangeError(`${actorId} is no level-${String(cellLevel)} cell`);
    let cell = cells.get(token);
    if (cell === undefined) {
      cell = createCell(token, ports, policy, hooks, shelf);
      cells.set(token, cell);
    }
    return cell;
  }

  /** Of what Dapr has not called by its name only what is owned: it may belong elsewhere by now. */
  function alreadyHere(token: CellToken): Cell | null {
    const cell = cells.get(token);
    return cell !== undefined && cell.isOwned() && !leaving.has(token) ? cell : null;
  }

  return {
    async turn(actorId, request) {
      const called = cellOfActor(actorId);
      // Dapr has placed it here again.
      leaving.delete(called.token);
      const shares = sharesOf(request);
      const answers = shares.map(async (share) => {
        const cell = share.cell === called.token ? called : alreadyHere(share.cell);
        if (cell === null) return share.commands.map(() => AWAY);
        const turn = cell.turn(share.commands, share.traceparents, cell === called);
        return shares.length === 1 ? await turn : await inTime(turn, share);
      });
      return { answers: inOrder(shares, await Promise.all(answers)), host };
    },
    async deactivate(actorId) {
      const token = parseCellToken(actorId);
      const cell = token === null ? undefined : cells.get(token);
      if (token === null || cell === undefined) return;
      leaving.add(token);
      await cell.idle();
      if (leaving.delete(token)) cells.delete(token);
    },
    async idle() {
      await Promise.all([...cells.values()].map((cell) => cell.idle()));
    },
    count: () => cells.size,
    loads: () => new Map([...cells].map(([token, cell]) => [token, cell.load()])),
  };
}
