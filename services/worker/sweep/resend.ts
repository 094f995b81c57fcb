import type { Publish } from '#adapters/nats/publish.ts';
import type { KeptEvent } from '#adapters/postgres/sql/findLatestEvents.ts';
import type { UnprovenOffer } from '#adapters/postgres/sql/findUnprovenOffers.ts';

/**
 * JetStream may lose what it acknowledged, and a push may fail. What is reconciled is state, not events: an open offer
 * without proof of notification is published again from its outbox row, with a new Nats-Msg-Id and the same event id.
 * Three times, at these ages, then no more: the lapse takes over. The number in the message id makes each time one
 * message, however many workers and rounds come by.
 */
const RESEND_AT_MS = [5_000, 15_000, 45_000] as const;
const GIVE_UP_MS = 135_000;
const OFFERS_A_ROUND = 200;
const SENT_MEMORY = 10_000;
/** What takes longer goes on a while later: the sweep, which alone wakes what is due where nothing is published, waits for it. */
const AT_MOST_MS = 1_000;
const LEFT_ALONE_MS = 5_000;

export interface ResendPorts {
  readonly unproven: (
    region: string,
    ages: { fromMs: number; toMs: number },
    limit: number,
  ) => Promise<readonly UnprovenOffer[]>;
  readonly latestEvents: (region: string, lotIds: readonly string[]) => Promise<readonly KeptEvent[]>;
  readonly publish: Publish;
  readonly onResent: () => void;
}

/** @returns sends again what is due in a region (signed id) */
export function createResend(ports: ResendPorts): (region: string) => Promise<void> {
  const sent = new Set<string>();
  let leftAloneUntilMs = 0;
  return async (region) => {
    if (performance.now() < leftAloneUntilMs) return;
    const ages = { fromMs: RESEND_AT_MS[0], toMs: GIVE_UP_MS };
    const offers = await ports.unproven(region, ages, OFFERS_A_ROUND);
    const due = new Map(offers.flatMap((offer) => dueNow(offer, sent)));
    if (due.size === 0) return;
    const startedMs = performance.now();
    for (const event of await ports.latestEvents(region, [...due.keys()])) {
      const known = due.get(event.lotId);
      // the relay has not come to it yet: nothing is lost
      if (!event.published || known === undefined) continue;
      const { offerId, times } = known;
      const { subject, payload, traceparent } = event;
      const id = `${event.outboxId}:again:${String(times)}`;
      const outcome = await ports.publish({ id, subject, payload, traceparent });
      if (outcome.stored) {
        if (sent.size >= SENT_MEMORY) sent.clear();
        sent.add(keyOf(offerId, times));
        if (!outcome.duplicate) ports.onResent();
      }
      if (performance.now() - startedMs < AT_MOST_MS) continue;
      leftAloneUntilMs = performance.now() + LEFT_ALONE_MS;
      return;
    }
  };
}

/** How many times an offer of this age should have been sent again. */
export function timesDue(ageMs: number): number {
  return RESEND_AT_MS.filter((atMs) => ageMs >= atMs).length;
}

interface Due {
  readonly offerId: string;
  readonly times: number;
}

/** By its lot: one offer of it is open at a time, and the lot's latest event is that offer's. */
function dueNow({ offerId, lotId, ageMs }: UnprovenOffer, sent: ReadonlySet<string>): [string, Due][] {
  const times = timesDue(ageMs);
  return sent.has(keyOf(offerId, times)) ? [] : [[lotId, { offerId, times }]];
}

function keyOf(offerId: string, times: number): string {
  return `${offerId}:${String(times)}`;
}
