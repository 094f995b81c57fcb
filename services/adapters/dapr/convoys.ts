import { withinMs } from '../timing/withinMs.ts';
import { createFairQueue, type FairQueue } from './fairQueue.ts';

/**
 * Commands for the cells of one host travel together: under a thin load it is calls that cost, not what is in them (ADR 0013). The next
 * call gathers while the last is away, unless it is full or the last takes long; what is urgent leaves first.
 */
export interface Convoys<Host, Cell, Item> {
  add(host: Host, cell: Cell, item: Item, isUrgent: boolean): void;
}

export interface ConvoyOptions<Cell, Item> {
  /** calls to one host at once: few, so that they are full */
  readonly maxAway: number;
  /** when a call that is not full may leave although the last is away */
  readonly overtakeMs: number;
  /** of a call */
  readonly maxItems: number;
  /** whose commands are best taken together: whoever works for them all (their rows, their events) then has many at once */
  readonly groupOf: (cell: Cell) => unknown;
  /** must not reject */
  readonly run: (items: readonly Item[]) => Promise<void>;
}

/** What waits for one host. */
interface Road<Cell, Item> {
  readonly urgent: FairQueue<Cell, Item>;
  readonly others: FairQueue<Cell, Item>;
  away: number;
  /** of those away, the ones that only a full call may overtake */
  ahead: number;
  isLeaving: boolean;
}

export function createConvoys<Host, Cell, Item>(options: ConvoyOptions<Cell, Item>): Convoys<Host, Cell, Item> {
  const { maxAway, overtakeMs, maxItems, groupOf, run } = options;
  const roads = new Map<Host, Road<Cell, Item>>();

  function newRoad(): Road<Cell, Item> {
    return { urgent: createFairQueue(groupOf), others: createFairQueue(groupOf), away: 0, ahead: 0, isLeaving: false };
  }

  function mayLeave(road: Road<Cell, Item>): boolean {
    const waiting = road.urgent.size() + road.others.size();
    return waiting > 0 && road.away < maxAway && (road.ahead === 0 || waiting >= maxItems);
  }

  /** What comes in the same turn of the event loop leaves together. */
  function leaveSoon(host: Host, road: Road<Cell, Item>): void {
    if (road.isLeaving || !mayLeave(road)) return;
    road.isLeaving = true;
    setImmediate(() => {
      road.isLeaving = false;
      while (mayLeave(road)) depart(host, road);
    });
  }

  function depart(host: Host, road: Road<Cell, Item>): void {
    const items = road.urgent.take(maxItems);
    items.push(...road.others.take(maxItems - items.length));
    road.away++;
    road.ahead++;
    const flown = run(items);
    void withinMs(overtakeMs, flown, () => undefined).finally(() => {
      road.ahead--;
      goOn(host, road);
    });
    void flown.finally(() => {
      road.away--;
      goOn(host, road);
    });
  }

  function goOn(host: Host, road: Road<Cell, Item>): void {
    leaveSoon(host, road);
    if (!road.isLeaving && road.away === 0 && road.ahead === 0) roads.delete(host);
  }

  return {
    add(host, cell, item, isUrgent) {
      const road = roads.get(host) ?? newRoad();
      roads.set(host, road);
      (isUrgent ? road.urgent : road.others).add(cell, item);
      leaveSoon(host, road);
    },
  };
}
