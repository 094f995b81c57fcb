import type { Logger } from 'pino';
import type { Texter } from './texter.ts';

/** For development: what would be sent stands in the log; to whom does not. */
export function createConsoleTexter(log: Pick<Logger, 'info'>): Texter {
  return {
    send: ({ text, key }) => {
      log.info({ text, key }, 'text message (SMS_GATEWAY_URL is console:)');
      return Promise.resolve({ outcome: 'sent' });
    },
    close: () => Promise.resolve(),
  };
}
