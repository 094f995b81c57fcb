import { SpanKind, type Attributes } from '@opentelemetry/api';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { Agent } from 'undici';
import webpush from 'web-push';
import { postOnce, type Posted } from '../http/postOnce.ts';
import { ATTR_SERVER_ADDRESS } from '../telemetry/conventions.ts';
import { step } from '../telemetry/spans.ts';
import { endpointProblem, guardedLookup, type EndpointRules } from './endpoint.ts';

/** The browser's PushSubscription as JSON; other members are left out. */
export const PushSubscription = Type.Object({
  endpoint: Type.String({ minLength: 1, maxLength: 2_048 }),
  keys: Type.Object({
    p256dh: Type.String({ minLength: 1, maxLength: 200, pattern: '^[A-Za-z0-9_=-]+$' }),
    auth: Type.String({ minLength: 1, maxLength: 100, pattern: '^[A-Za-z0-9_=-]+$' }),
  }),
});
export type PushSubscription = Static<typeof PushSubscription>;

export interface PushMessage {
  /** small and without personal data: it passes through somebody else's servers (encrypted) */
  readonly payload: Record<string, string | number>;
  /** how long the push service keeps it for a device that is off */
  readonly ttlSeconds: number;
  /** a newer message of the same topic replaces an undelivered one; base64url, at most 32 characters */
  readonly topic: string;
  readonly urgency: 'normal' | 'high';
}

export type PushOutcome =
  | { readonly outcome: 'delivered' }
  /** the browser has unsubscribed: forget it */
  | { readonly outcome: 'gone' }
  | { readonly outcome: 'retry'; readonly because: string; readonly afterMs: number | null }
  /** it refuses us, not the message or the phone: a key that was changed or given wrongly, a clock that is off (RFC 8292, 4.2) */
  | { readonly outcome: 'denied'; readonly because: string }
  /** this message or subscription will never be taken */
  | { readonly outcome: 'refused'; readonly because: string };

export interface Pusher {
  /** Never throws. @param subscription as opened from its row; checked here */
  push(subscription: unknown, message: PushMessage): Promise<PushOutcome>;
  close(): Promise<void>;
}

export interface VapidKeys {
  readonly publicKey: string;
  readonly privateKey: string;
  /** mailto: or https: URL of who to ask about this sender */
  readonly subject: string;
}

const TIMEOUT_MS = 3_000;
const ANY_SERVICE = 'https://push.example.org';
const GONE = new Set([404, 410]);
const DENIED = new Set([401, 403]);

/**
 * Web push (RFC 8030) with VAPID (RFC 8292). Redirects are not followed.
 * @throws Error when no push could be signed with these keys: found out at each push, it would look like the phone's fault
 */
export function createPusher(vapid: VapidKeys, rules: EndpointRules): Pusher {
  webpush.getVapidHeaders(ANY_SERVICE, vapid.subject, vapid.publicKey, vapid.privateKey, 'aes128gcm');
  const agent = new Agent({ connect: { lookup: guardedLookup(rules), timeout: TIMEOUT_MS }, connections: 16 });
  return {
    push: (subscription, message) =>
      step(
        'SendPush',
        { kind: SpanKind.PRODUCER },
        () => push(subscription, message),
        (result) => described(subscription, result),
      ),
    close: () => agent.close(),
  };

  async function push(subscription: unknown, message: PushMessage): Promise<PushOutcome> {
    if (!Value.Check(PushSubscription, subscription)) return { outcome: 'refused', because: 'no push subscription' };
    const problem = endpointProblem(subscription.endpoint, rules);
    if (problem !== null) return { outcome: 'refused', because: problem };
    const details = encrypted(vapid, subscription, message);
    return details === null ? { outcome: 'refused', because: 'unusable keys' } : send(agent, details);
  }
}

/** The endpoint lets anybody push who knows it: only its server's name is told. */
function described(subscription: unknown, result: PushOutcome): { attributes: Attributes; failed?: string } {
  const server = Value.Check(PushSubscription, subscription) ? URL.parse(subscription.endpoint)?.hostname : undefined;
  const attributes = { 'pahlawan.push.outcome': result.outcome, [ATTR_SERVER_ADDRESS]: server ?? 'none' };
  return 'because' in result ? { attributes, failed: result.because } : { attributes };
}

/** null: the subscription's keys are no keys */
function encrypted(
  vapid: VapidKeys,
  subscription: PushSubscription,
  message: PushMessage,
): webpush.RequestDetails | null {
  try {
    return webpush.generateRequestDetails(subscription, JSON.stringify(message.payload), {
      vapidDetails: vapid,
      TTL: Math.max(0, Math.round(message.ttlSeconds)),
      topic: message.topic,
      urgency: message.urgency,
    });
  } catch {
    return null;
  }
}

async function send(dispatcher: Agent, details: webpush.RequestDetails): Promise<PushOutcome> {
  const headers = Object.fromEntries(Object.entries(details.headers).map(([name, value]) => [name, String(value)]));
  const { endpoint, body } = details;
  return outcomeOf(await postOnce(endpoint, { dispatcher, headers, body, timeoutMs: TIMEOUT_MS }));
}

function outcomeOf(posted: Posted): PushOutcome {
  if ('failed' in posted) return { outcome: 'retry', because: posted.failed, afterMs: null };
  const { status, retryAfterMs: afterMs } = posted;
  if (status >= 200 && status < 300) return { outcome: 'delivered' };
  if (GONE.has(status)) return { outcome: 'gone' };
  const because = `the push service answered ${String(status)}`;
  if (DENIED.has(status)) return { outcome: 'denied', because };
  if (status !== 429 && status < 500) return { outcome: 'refused', because };
  return { outcome: 'retry', because, afterMs };
}
