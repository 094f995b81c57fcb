import { Agent, request } from 'undici';
import type { TextMessage, TextOutcome, Texter } from './texter.ts';

export interface SmsGateOptions {
  /** of the API, e.g. https://sms.example.org/3rdparty/v1 */
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

const TIMEOUT_MS = 5_000;
/** The gateway takes no shorter ones. */
const LEAST_TTL_SECONDS = 5;

/**
 * SMSGate ("SMS Gateway for Android"), an open gateway that a city can run itself with a phone and a SIM card, or rent:
 * `POST /messages` with our id, which it refuses a second time with 409. Redirects are not followed.
 */
export function createSmsGate({ url, user, password }: SmsGateOptions): Texter {
  const agent = new Agent({ connect: { timeout: TIMEOUT_MS }, connections: 4 });
  const endpoint = `${url.replace(/\/$/, '')}/messages`;
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return {
    send: async (message) => {
      try {
        const response = await request(endpoint, {
          dispatcher: agent,
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization },
          body: JSON.stringify(bodyOf(message)),
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        await response.body.dump();
        return outcomeOf(response.statusCode, response.headers['retry-after']);
      } catch (error) {
        return { outcome: 'retry', because: error instanceof Error ? error.name : 'unknown', afterMs: null };
      }
    },
    close: () => agent.close(),
  };
}

function bodyOf({ to, text, key, ttlSeconds }: TextMessage): object {
  return {
    id: key,
    textMessage: { text },
    phoneNumbers: [to],
    ttl: Math.max(LEAST_TTL_SECONDS, Math.round(ttlSeconds)),
    withDeliveryReport: false,
  };
}

/** 401 and 403 are our configuration's fault, not the number's: it is tried again, and the metric shows it. */
function outcomeOf(status: number, retryAfter: string | string[] | undefined): TextOutcome {
  if ((status >= 200 && status < 300) || status === 409) return { outcome: 'sent' };
  const because = `the gateway answered ${String(status)}`;
  if (status === 400 || status === 422) return { outcome: 'refused', because };
  const seconds = Number(retryAfter);
  return { outcome: 'retry', because, afterMs: seconds > 0 ? seconds * 1000 : null };
}
