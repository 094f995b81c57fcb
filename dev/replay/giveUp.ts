/** Not waiting for phones that are off: an offer that no phone has shown after a while goes to somebody else. */
import { currentOffer } from '#core/lots/lot.ts';
import { turn, type Game } from './play.ts';
import { takeBack } from './takeBack.ts';

export function giveUpUnseen(afterMs: number): Game['afterTurn'] {
  return (game, changes) => {
    for (const { before, after } of changes) {
      const offer = currentOffer(after);
      const isNew = offer?.state === 'open' && offer.id !== (before === null ? null : currentOffer(before)?.id);
      if (!isNew || offer.fallback) continue;
      game.timeline.at(game.timeline.nowMs() + afterMs, () => {
        const lot = game.lots.get(after.id);
        if (lot === undefined || !game.unseen.has(lot.id) || currentOffer(lot)?.id !== offer.id) return;
        const taken = takeBack(game, lot, offer, [...lot.tried, offer.recipientId]);
        const { id: lotId, version } = taken;
        turn(game, { kind: 'rematch', id: `give-up:${offer.id}`, fingerprint: null, lotId, version });
      });
    }
  };
}
