/**
 * Terms: the proof of notification is offer.notified_at. It says that a push service took the message, that the gateway of
 * text messages did, or that the recipient has neither and the event stands in the stream that feeds the screens (SSE).
 * Text messages are the second channel: for a recipient none of whose devices took the push and is still heard of.
 * Without it the sweep publishes the event again, three times at most (sweep/resend.ts); so there are two limits: tries
 * of one message, and messages of one offer. After both nothing more is sent and the offer lapses.
 */
import type { Logger } from 'pino';
import { signedIdOf } from '#core/geo/cell.ts';
import { postedAtMsOf, type LotId, type RegionToken } from '#core/words/ids.ts';
import { DONE, type Delivery, type Outcome } from '#adapters/nats/consume.ts';
import type { OfferProof } from '#adapters/postgres/sql/notifyProof.ts';
import type { TextOutcome } from '#adapters/texting/texter.ts';
import type { PushOutcome, Pusher } from '#adapters/webpush/pusher.ts';
import { readLotEvent, type LotEventOf } from '../lotEvent.ts';
import { noticeOf, type Notice } from './notices.ts';
import type { TextedOutcome } from './texting.ts';

export interface Subscription {
  readonly digest: string;
  /** a push it takes proves nothing any more */
  readonly isSilent: boolean;
  /** decrypted; checked by the pusher. null: this process does not have its key */
  readonly subscription: unknown;
}

export interface OfferPlace {
  readonly region: string;
  readonly postedAt: Date;
  readonly offerId: string;
}

export interface NotifyPorts {
  /** null: this deployment has no VAPID keys, screens live on the stream alone */
  readonly pusher: Pick<Pusher, 'push'> | null;
  /** null: this deployment has no second channel */
  readonly text: ((notice: Notice) => Promise<TextedOutcome>) | null;
  readonly subscriptions: (role: Notice['role'], organisationId: string) => Promise<readonly Subscription[]>;
  readonly forget: (digests: readonly string[]) => Promise<void>;
  readonly delivered: (digests: readonly string[]) => Promise<void>;
  readonly proofOf: (offer: OfferPlace) => Promise<OfferProof | null>;
  readonly prove: (offer: OfferPlace) => Promise<void>;
  /** highest version applied; regions are signed ids */
  readonly appliedVersion: (region: string, lotId: string) => Promise<number>;
  readonly recordVersion: (region: string, lotId: string, version: number) => Promise<void>;
  readonly nowMs: () => number;
  readonly onPush: (outcome: PushOutcome['outcome'] | 'sealed' | 'given-up') => void;
  readonly onText: (outcome: TextOutcome['outcome'] | 'given-up') => void;
  readonly log: Pick<Logger, 'warn'>;
}

/** Tries of one message at a push service that is in trouble, 0.5, 1, 2 s apart. */
const MAX_PUSHES = 4;
/** So many more at a gateway of text messages that is. */
const MAX_TEXTS = 4;
const TEXT_RETRY_MS = 1_000;
const MEMORY = 20_000;

export function createNotifier(ports: NotifyPorts): (delivery: Delivery) => Promise<Outcome> {
  /** event and device that need no further try, and whether it took it: a message put back goes only to the others */
  const settled = new Map<string, boolean>();
  return async (delivery) => {
    const event = readLotEvent(delivery.payload);
    if (event === null) return { dead: 'not readable as a lot event' };
    const place = placeOf(event);
    if (!(await isNews(ports, event, place))) return DONE;
    const notice = noticeOf(event, ports.nowMs());
    const sent = notice === null ? NOBODY : await tell(ports, notice, event.eventId, settled);
    if (sent.retry !== null && delivery.deliveries < MAX_PUSHES) return sent.retry;
    if (sent.retry !== null && delivery.deliveries === MAX_PUSHES) ports.onPush('given-up');
    const texted = notice === null || sent.reached ? NO_TEXT : await text(ports, notice);
    if (texted.outcome === 'retry') {
      if (delivery.deliveries < MAX_PUSHES + MAX_TEXTS) return retryOf([texted]) ?? DONE;
      ports.onText('given-up');
    }
    const { id, version } = event.lot;
    const isTold = sent.delivered > 0 || texted.outcome === 'sent';
    const nothingLeft = sent.retry === null && texted.outcome !== 'retry';
    if (place === null) await ports.recordVersion(signedIdOf(event.lot.region as RegionToken), id, version);
    else if (isTold || nothingLeft) await ports.prove(place);
    return DONE;
  };
}

/** Where the open offer's row is; null: the event has none. */
function placeOf(event: LotEventOf): OfferPlace | null {
  const { lot } = event;
  if (lot.offer?.state !== 'open') return null;
  const region = signedIdOf(lot.region as RegionToken);
  return { region, postedAt: new Date(postedAtMsOf(lot.id as LotId)), offerId: lot.offer.id };
}

/**
 * An open offer is news until it is proved; one that is closed by now is none whatever the event says. Other events of a lot
 * are applied in the order of their versions, and once: the last applied one stands in the lot's region.
 */
async function isNews(ports: NotifyPorts, event: LotEventOf, place: OfferPlace | null): Promise<boolean> {
  const { id, version, region } = event.lot;
  if (place === null) return version > (await ports.appliedVersion(signedIdOf(region as RegionToken), id));
  const proof = await ports.proofOf(place);
  if (proof === null) ports.log.warn({ surplusId: id, version }, 'no row where the offer of this event should be');
  return proof?.state === 'open' && !proof.proved;
}

interface Sent {
  readonly delivered: number;
  /** a device took it that is still heard of */
  readonly reached: boolean;
  /** null: nothing is left to try */
  readonly retry: { readonly retry: string; readonly afterMs?: number } | null;
}
const NOBODY: Sent = { delivered: 0, reached: false, retry: null };
const NO_TEXT: TextedOutcome = { outcome: 'none' };
/** Like a key that a push service does not take: not the phone's fault, and nobody is told by it. */
const SEALED: PushOutcome = { outcome: 'denied', because: 'sealed under a key that is not here' };

async function text(ports: NotifyPorts, notice: Notice): Promise<TextedOutcome> {
  if (ports.text === null) return NO_TEXT;
  const result = await ports.text(notice);
  if (result.outcome !== 'none') ports.onText(result.outcome);
  if ('because' in result) ports.log.warn({ because: result.because }, 'a text message was not taken');
  return result.outcome === 'retry' ? { ...result, afterMs: result.afterMs ?? TEXT_RETRY_MS } : result;
}

async function tell(ports: NotifyPorts, notice: Notice, eventId: string, settled: Map<string, boolean>): Promise<Sent> {
  const { pusher } = ports;
  if (pusher === null) return NOBODY;
  const devices = await ports.subscriptions(notice.role, notice.organisationId);
  const left = devices.filter(({ digest }) => !settled.has(`${eventId}:${digest}`));
  const outcomes = await Promise.all(
    left.map(async ({ digest, subscription }) => ({
      digest,
      result: subscription === null ? SEALED : await pusher.push(subscription, notice.message),
    })),
  );
  if (settled.size > MEMORY) settled.clear();
  for (const { digest, result } of outcomes) {
    ports.onPush(result === SEALED ? 'sealed' : result.outcome);
    if (result.outcome !== 'retry' && result.outcome !== 'denied')
      settled.set(`${eventId}:${digest}`, result.outcome === 'delivered');
  }
  const digestsOf = (outcome: string): string[] =>
    outcomes.filter(({ result }) => result.outcome === outcome).map(({ digest }) => digest);
  if (digestsOf('gone').length > 0) await ports.forget(digestsOf('gone'));
  if (digestsOf('delivered').length > 0) await ports.delivered(digestsOf('delivered'));
  for (const { result } of outcomes)
    if (result.outcome === 'refused' || result.outcome === 'denied')
      ports.log.warn({ because: result.because }, 'push refused');
  const took = devices.filter(({ digest }) => settled.get(`${eventId}:${digest}`) === true);
  const reached = took.some(({ isSilent }) => !isSilent);
  const results = outcomes.map(({ result }) => result);
  // Who was told on one phone does not wait for another that was subscribed for another key of ours.
  const retry = retryOf(took.length > 0 ? results.filter(({ outcome }) => outcome !== 'denied') : results);
  return { delivered: took.length, reached, retry };
}

function retryOf(results: readonly (PushOutcome | TextedOutcome)[]): Sent['retry'] {
  const again = results.find((result) => result.outcome === 'retry' || result.outcome === 'denied');
  if (again === undefined) return null;
  const afterMs = Math.min(('afterMs' in again ? again.afterMs : null) ?? 0, 10_000);
  return afterMs > 0 ? { retry: again.because, afterMs } : { retry: again.because };
}
