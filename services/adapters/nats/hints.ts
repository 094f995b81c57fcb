import { signedIdOf } from '#core/geo/cell.ts';
import { parseCellToken, type RegionToken } from '#core/words/ids.ts';
import type { Bus } from './bus.ts';

const SUBJECT = 'hint.outbox';

/** After a commit: this region has something in its outbox. Core NATS, best effort: the relay polls anyway. */
export function createOutboxHint(bus: Bus): (region: RegionToken) => void {
  return (region) => {
    // while disconnected the client would buffer hints that nobody needs later
    if (bus.isConnected()) bus.connection.publish(`${SUBJECT}.${region}`);
  };
}

/** @param onHint gets the region's signed id. @returns stops listening */
export function onOutboxHints(bus: Bus, onHint: (region: string) => void): () => void {
  const subscription = bus.connection.subscribe(`${SUBJECT}.*`, {
    callback: (error, message) => {
      const token = error === null ? parseCellToken(message.subject.slice(SUBJECT.length + 1)) : null;
      if (token !== null) onHint(signedIdOf(token));
    },
  });
  return () => {
    subscription.unsubscribe();
  };
}
