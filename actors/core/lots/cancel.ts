import type { LotId } from '../words/ids.ts';
import type { Answer, Cancel } from './command.ts';
import { currentOffer, isEnd, type Lot } from './lot.ts';
import { closeOffer, move, type Turn } from './turn.ts';
import { answered, refuse } from './verdict.ts';

/** Cancelling takes the lot and every uncollected descendant; what was collected stays collected. */
export function cancel(turn: Turn, command: Cancel): Answer {
  const lot = turn.lots.get(command.lotId);
  if (lot === undefined || (command.donorId !== null && lot.donorId !== command.donorId)) {
    return refuse('not-found', 'There is no such surplus of yours.');
  }
  if (command.ifVersion !== null && command.ifVersion !== lot.version) {
    return refuse('stale-version', `The surplus is at version ${String(lot.version)}; read it again.`);
  }
  const open = familyBelow(turn, lot.id).filter((each) => !isEnd(each.state));
  if (open.length === 0 && lot.state !== 'cancelled')
    return refuse('offer-closed', `The surplus is ${lot.state} already.`);
  for (const each of open) cancelOne(turn, each);
  return answered(turn, lot.id);
}

function cancelOne(turn: Turn, lot: Lot): void {
  const offer = currentOffer(lot);
  const offers = offer === null ? lot.offers : closeOffer(turn, lot, 'withdrawn');
  turn.rematch.delete(lot.id);
  move(turn, lot, { to: 'cancelled', reason: 'cancelled', offer }, { offers, pickupByMs: null });
}

/** The lot and its descendants, however deep. */
function familyBelow(turn: Turn, top: LotId): Lot[] {
  const found: Lot[] = [];
  const below = new Set<LotId>([top]);
  for (let grown = true; grown;) {
    grown = false;
    for (const lot of turn.lots.values()) {
      if (lot.parentId !== null && below.has(lot.parentId) && !below.has(lot.id)) {
        below.add(lot.id);
        grown = true;
      }
    }
  }
  for (const id of below) {
    const lot = turn.lots.get(id);
    if (lot !== undefined) found.push(lot);
  }
  return found;
}
