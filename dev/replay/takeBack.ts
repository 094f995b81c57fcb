import type { Lot, Offer } from '#core/lots/lot.ts';
import type { RecipientId } from '#core/words/ids.ts';
import { keep, type Game } from './play.ts';

/** What no command of the product does: an open offer is withdrawn unseen, and its lot is to be rematched. */
export function takeBack(game: Game, before: Lot, offer: Offer, tried: readonly RecipientId[]): Lot {
  const closed: Offer = { ...offer, state: 'withdrawn', answeredAtMs: game.timeline.nowMs() };
  const offers = [...before.offers.slice(0, -1), closed];
  const after: Lot = { ...before, state: 'rematching', version: before.version + 1, tried, offers };
  game.unseen.delete(after.id);
  game.counters.change([{ before, after, transitions: [], rematchRequired: false, remind: false }], []);
  keep(game, after);
  return after;
}
