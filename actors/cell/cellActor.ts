/** The cells this process hosts, by token: what Dapr's actor protocol calls into. */
import { levelOf } from '#core/geo/cell.ts';
import type { Policy } from '#core/lots/policy.ts';
import { parseCellToken, type CellToken } from '#core/words/ids.ts';
import { createCell, type Cell, type CellHooks, type CellLoad } from './cell.ts';
import { MAX_BATCH, type TurnRequest, type TurnResponse } from './contract.ts';
import { createShelf } from './openLots.ts';
import type { CellPorts } from './ports.ts';

export interface CellActors {
  /** @throws RangeError when the id is no cell of this deployment or the request is malformed */
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

  return {
    async turn(actorId, request) {
      const { commands, traceparents } = request;
      if (!Array.isArray(commands) || commands.length > MAX_BATCH)
        throw new RangeError('a turn takes 1 to 100 commands');
      return { answers: await cellOfActor(actorId).turn(commands, Array.isArray(traceparents) ? traceparents : null) };
    },
    async deactivate(actorId) {
      const token = parseCellToken(actorId);
      const cell = token === null ? undefined : cells.get(token);
      if (token === null || cell === undefined) return;
      await cell.idle();
      cells.delete(token);
    },
    async idle() {
      await Promise.all([...cells.values()].map((cell) => cell.idle()));
    },
    count: () => cells.size,
    loads: () => new Map([...cells].map(([token, cell]) => [token, cell.load()])),
  };
}
