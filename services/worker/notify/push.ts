import type { Logger } from 'pino';
import { createSealer } from '#adapters/crypto/sealed.ts';
import type { PushSubscriptionRow } from '#adapters/postgres/sql/pushSubscriptions.ts';
import { createPusher, type Pusher } from '#adapters/webpush/pusher.ts';
import { pushContext } from '#adapters/webpush/subscriptions.ts';
import type { Config } from '../config.ts';

export interface Push {
  readonly pusher: Pusher | null;
  readonly openSubscription: (row: PushSubscriptionRow) => unknown;
  close(): Promise<void>;
}

/** Web push as configured; without VAPID or contact keys there is none, and the log says so. */
export function createPush(env: Config, log: Pick<Logger, 'warn'>): Push {
  const { VAPID_PUBLIC_KEY: publicKey, VAPID_PRIVATE_KEY: privateKey, VAPID_SUBJECT: subject } = env;
  if ([publicKey, privateKey, subject, env.CONTACT_KEYS].includes('')) {
    log.warn('no web push: VAPID_PUBLIC_KEY, VAPID_PRIVATE_KEY, VAPID_SUBJECT or CONTACT_KEYS is not set');
    return { pusher: null, openSubscription: () => null, close: () => Promise.resolve() };
  }
  const pusher = createPusher({ publicKey, privateKey, subject }, { allowLocal: env.ALLOW_LOCAL_PUSH === '1' });
  const sealer = createSealer(env.CONTACT_KEYS, env.CONTACT_KEY_ID);
  return {
    pusher,
    openSubscription: (row) => sealer.open(row, pushContext(row.endpointDigest)),
    close: () => pusher.close(),
  };
}
