/**
 * The open lots of a cell, which holds the ids of all of them and at hand those that changed last. The others are read from their rows
 * when a command names them: a lot that nobody answers costs some thirty bytes instead of three thousand.
 */
import type { Lot } from '#core/lots/lot.ts';
import type { LotId } from '#core/words/ids.ts';
import { createLotIds } from './lotIds.ts';

/** Over all cells of a process. */
export const MAX_AT_HAND = 5_000;

/** What is at hand in a process, over all its cells: of too many, those that were put there first are dropped. */
export interface Shelf {
  put(id: LotId, drop: (id: LotId) => void): void;
  take(id: LotId): void;
}

export function createShelf(most = MAX_AT_HAND): Shelf {
  /** a map keeps the order of its entries: the oldest come first */
  const kept = new Map<LotId, (id: LotId) => void>();
  return {
    put(id, drop) {
      kept.delete(id);
      kept.set(id, drop);
      if (kept.size <= most) return;
      const [[oldest, dropOldest] = [id, drop]] = kept;
      kept.delete(oldest);
      dropOldest(oldest);
    },
    take: (id) => void kept.delete(id),
  };
}

export interface OpenLots {
  /** open in this cell, at hand or not */
  has(id: LotId): boolean;
  /** undefined: not open, or not at hand */
  get(id: LotId): Lot | undefined;
  /** trace context of its last event, as far as it was written here and is at hand */
  traceOf(id: LotId): string | null;
  /** @param traceparent of the event that made it so; undefined: it is as it was */
  put(lot: Lot, traceparent?: string): void;
  /** It has ended. */
  end(id: LotId): void;
}

export function createOpenLots(lots: readonly Lot[], shelf: Shelf): OpenLots {
  const ids = createLotIds();
  const atHand = new Map<LotId, Lot>();
  const traces = new Map<LotId, string>();
  const drop = (id: LotId): void => {
    atHand.delete(id);
    traces.delete(id);
  };
  const open: OpenLots = {
    has: (id) => ids.has(id),
    get: (id) => atHand.get(id),
    traceOf: (id) => traces.get(id) ?? null,
    put(lot, traceparent) {
      ids.add(lot.id);
      atHand.set(lot.id, lot);
      if (traceparent !== undefined) traces.set(lot.id, traceparent);
      shelf.put(lot.id, drop);
    },
    end(id) {
      ids.delete(id);
      drop(id);
      shelf.take(id);
    },
  };
  for (const lot of lots) open.put(lot);
  return open;
}
