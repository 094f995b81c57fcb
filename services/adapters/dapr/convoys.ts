import { createFairQueue, type FairQueue } from './fairQueue.ts';

/**
 * Commands for the cells of one host travel together: under a thin load it is calls that cost, not what is in them (ADR 0013). The next
 * call gathers while those before it are away; what is urgent leaves first.
 */
export interface Convoys<Host, Cell, Item> {
  add(host: Host, cell: Cell, item: Item, isUrgent: boolean): void;
}

export interface ConvoyOptions<Cell, Item> {
  /** calls to one host at once: few, so that they are full */
  readonly maxAway: number;
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
  isLeaving: boolean;
}

export function createConvoys<Host, Cell, Item>(options: ConvoyOptions<Cell, Item>): Convoys<Host, Cell, Item> {
  const { maxAway, maxItems, groupOf, run } = options;
  const roads = new Map<Host, Road<Cell, Item>>();

  function newRoad(): Road<Cell, Item> {
    return { urgent: createFairQueue(groupOf), others: createFairQueue(groupOf), away: 0, isLeaving: false };
  }

  /** What comes in the same turn of the event loop leaves together. */
  function leaveSoon(host: Host, road: Road<Cell, Item>): void {
    if (road.isLeaving || road.away >= maxAway) return;
    road.isLeaving = true;
    setImmediate(() => {
      road.isLeaving = false;
      while (road.away < maxAway && depart(host, road));
      if (road.away === 0) roads.delete(host);
    });
  }

  /** @returns whether there was anything to leave with */
  function depart(host: Host, road: Road<Cell, Item>): boolean {
    const items = road.urgent.take(maxItems);
    items.push(...road.others.take(maxItems - items.length));
    if (items.length === 0) return false;
    road.away++;
    void run(items).finally(() => {
      road.away--;
      leaveSoon(host, road);
    });
    return true;
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
