import { Agent } from 'undici';
import { postOnce, type Posted } from '../http/postOnce.ts';
import type { TextMessage, TextOutcome, Texter } from './texter.ts';

export interface SmsGateOptions {
  /** of the API, e.g. https://sms.example.org/3rdparty/v1 */
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

const TIMEOUT_MS = 5_000;
/** Its errors are a short JSON object. */
const READ_BYTES = 2_048;
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
      const headers = { 'content-type': 'application/json', authorization };
      const body = JSON.stringify(bodyOf(message));
      const given = { dispatcher: agent, headers, body, timeoutMs: TIMEOUT_MS, readBytes: READ_BYTES };
      return outcomeOf(await postOnce(endpoint, given));
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

/**
 * A bad number is a 400 that says so ("can't use phone in row 1"). So is a gateway that has lost its own phone ("record not found"): that, 401 and 403
 * are not the number's fault. It is tried again, and the metric shows it.
 */
function outcomeOf(posted: Posted): TextOutcome {
  if ('failed' in posted) return { outcome: 'retry', because: posted.failed, afterMs: null };
  const { status, retryAfterMs: afterMs, said } = posted;
  if ((status >= 200 && status < 300) || status === 409) return { outcome: 'sent' };
  const because = `the gateway answered ${String(status)}`;
  if ((status === 400 || status === 422) && /phone/i.test(said)) return { outcome: 'refused', because };
  return { outcome: 'retry', because, afterMs };
}
