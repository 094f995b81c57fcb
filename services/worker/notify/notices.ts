import { createHash } from 'node:crypto';
import type { PushMessage } from '#adapters/webpush/pusher.ts';
import type { LotEventOf } from '../lotEvent.ts';

/** What somebody is told of an event. */
export interface Notice {
  readonly role: 'donor' | 'recipient';
  readonly organisationId: string;
  readonly message: PushMessage;
  /** unix ms; until when it is of use */
  readonly deadlineMs: number;
}

/** News about what is over is of no use after this. */
const NEWS_TTL_MS = 60 * 60_000;

/**
 * Who shall be told what: recipients of new offers, reminders and withdrawn claims, donors of claims and ends.
 * null: nobody, or too late. Ids only: names and places stay behind the login.
 */
export function noticeOf(event: LotEventOf, nowMs: number): Notice | null {
  const { lot } = event;
  const offer = lot.offer;
  const newsUntilMs = Number(event.occurredAtMs) + NEWS_TTL_MS;
  const tell = (role: Notice['role'], organisationId: string, type: string, untilMs: number): Notice | null => {
    if (untilMs <= nowMs) return null;
    const payload = {
      type,
      eventId: event.eventId,
      surplusId: lot.id,
      ...(offer === undefined ? {} : { offerId: offer.id }),
    };
    const ttlSeconds = Math.ceil((untilMs - nowMs) / 1000);
    const urgency = role === 'recipient' ? 'high' : 'normal';
    return {
      role,
      organisationId,
      message: { payload, ttlSeconds, topic: topicOf(lot.id, role), urgency },
      deadlineMs: untilMs,
    };
  };
  if (offer?.state === 'open') return tell('recipient', offer.recipientId, 'offer', Number(offer.deadlineMs));
  if (offer?.state === 'claimed' && event.remind) return tell('recipient', offer.recipientId, 'reminder', newsUntilMs);
  if (offer?.state === 'withdrawn' && (lot.state === 'cancelled' || event.transitions.at(-1)?.reason === 'withdrawn')) {
    return tell('recipient', offer.recipientId, 'withdrawn', newsUntilMs);
  }
  if (event.transitions.at(-1)?.reason === 'extended') return null;
  if (lot.state === 'claimed' || lot.state === 'collected' || lot.state === 'expired') {
    return tell('donor', lot.donorId, lot.state, newsUntilMs);
  }
  return null;
}

/** One slot per lot and side: what is newer replaces what was not yet delivered (RFC 8030, 5.4). */
function topicOf(lotId: string, role: string): string {
  return createHash('sha256').update(`${role}|${lotId}`).digest('base64url').slice(0, 32);
}
