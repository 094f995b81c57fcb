import type { Msg, Subscription } from '@nats-io/transport-node';
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

/** From when NATS is reached. @param onHint gets the region's signed id. @returns stops listening */
export function onOutboxHints(bus: Bus, onHint: (region: string) => void): () => void {
  let subscription: Subscription | null = null;
  let isOver = false;
  const callback = (error: Error | null, message: Msg): void => {
    const token = error === null ? parseCellToken(message.subject.slice(SUBJECT.length + 1)) : null;
    if (token !== null) onHint(signedIdOf(token));
  };
  void bus.reached.then(() => {
    if (!isOver) subscription = bus.connection.subscribe(`${SUBJECT}.*`, { callback });
  });
  return () => {
    isOver = true;
    subscription?.unsubscribe();
  };
}
