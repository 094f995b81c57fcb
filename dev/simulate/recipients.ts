import { setTimeout as pause } from 'node:timers/promises';
import { NoAnswer, type Api, type ApiAnswer, type Who } from './api.ts';
import { behaviourTo, portionOf, type Behaviour } from './behaviour.ts';
import { realMs } from './evening.ts';
import { createDice, type Dice } from './random.ts';
import type { Settings } from './settings.ts';
import type { Posted, Tally } from './tally.ts';

export interface RecipientsPorts {
  readonly api: Api;
  readonly tally: Tally;
  readonly posted: ReadonlyMap<string, Posted>;
  readonly settings: Settings;
  /** goes before each key: offers of the evening before may still be open, and be answered otherwise tonight */
  readonly evening: string;
  /** nobody looks for offers any more */
  readonly isOver: () => boolean;
}

interface SeenOffer {
  readonly id: string;
  readonly quantityGrams: number;
  readonly travelSeconds: number;
  readonly fallback: boolean;
  readonly offeredAt: string;
  readonly surplus: { readonly id: string; readonly donorId: string; readonly postedAt: string };
}

/** 15 looks a minute leave room for the answers under the limit of 50. */
const LOOK_EVERY_MS = 4_000;
/** Nobody waits longer for somebody on the way. */
const MAX_TRAVEL_MS = 20_000;

/** Each recipient looks for offers and answers as the odds say, until it is over; resolves when all claims are settled. */
export async function playRecipients(ports: RecipientsPorts, recipientIds: readonly string[]): Promise<void> {
  await Promise.all(recipientIds.map((id) => playRecipient(ports, id)));
}

async function playRecipient(ports: RecipientsPorts, recipientId: string): Promise<void> {
  const who = { role: 'recipient', org: recipientId } as const;
  const dice = createDice(ports.settings.seed);
  const seen = new Set<string>();
  const errands: Promise<void>[] = [];
  await pause(dice('first look', recipientId) * LOOK_EVERY_MS);
  while (!ports.isOver()) {
    for (const offer of await openOffers(ports, who)) {
      if (seen.has(offer.id)) continue;
      seen.add(offer.id);
      noteOffer(ports, offer);
      errands.push(answerOffer(ports, who, offer, dice).catch(unanswered(ports.tally)));
    }
    await pause(LOOK_EVERY_MS * (0.8 + Math.random() * 0.4));
  }
  await Promise.all(errands);
}

async function openOffers(ports: RecipientsPorts, who: Who): Promise<readonly SeenOffer[]> {
  try {
    const { body } = await ports.api.call<{ items?: SeenOffer[] }>(who, 'GET', '/v1/offers?state=open&limit=100', {
      deadlineMs: 15_000,
    });
    return body.items ?? [];
  } catch {
    return [];
  }
}

function noteOffer({ tally, posted }: RecipientsPorts, offer: SeenOffer): void {
  tally.offersSeen++;
  if (!offer.id.endsWith('-1')) tally.rematched++;
  const surplus = posted.get(offer.surplus.id);
  if (surplus === undefined || surplus.offered) return;
  surplus.offered = true;
  // by the server's times: we only look every few seconds
  tally.firstOfferMs.push(Math.max(0, Date.parse(offer.offeredAt) - Date.parse(offer.surplus.postedAt)));
}

async function answerOffer(ports: RecipientsPorts, who: Who, offer: SeenOffer, dice: Dice): Promise<void> {
  const { tally, settings } = ports;
  const behaviour = behaviourTo(settings, dice, offer.id);
  if (offer.fallback) return await collect(ports, who, offer, offer.quantityGrams, behaviour);
  await pause(realMs(settings, behaviour.thinksMinutes));
  if (behaviour.does === 'silent') {
    tally.silent++;
    return;
  }
  if (behaviour.does === 'decline') {
    const { status } = await act(ports, who, offer, 'decline', { reason: 'no driver tonight' });
    if (status === 200) tally.declined++;
    return;
  }
  const grams = portionOf(offer.quantityGrams, behaviour.acceptedShare);
  const body = grams < offer.quantityGrams ? { quantityGrams: grams } : {};
  const { status } = await act(ports, who, offer, 'accept', body);
  if (status !== 200) return;
  tally.claimed++;
  await collect(ports, who, offer, grams, behaviour);
}

/** On the way, then either there, with the donor reading out the code, or not at all. */
async function collect(
  ports: RecipientsPorts,
  who: Who,
  offer: SeenOffer,
  grams: number,
  behaviour: Behaviour,
): Promise<void> {
  const { tally, settings } = ports;
  tally.underWay++;
  try {
    await pause(Math.min(MAX_TRAVEL_MS, 200 + realMs(settings, offer.travelSeconds / 60)));
    if (!offer.fallback && behaviour.releases) {
      const { status } = await act(ports, who, offer, 'release', { reason: 'the bicycle broke' });
      if (status === 200) tally.released++;
      return;
    }
    const donor = { role: 'donor', org: offer.surplus.donorId } as const;
    const read = await ports.api.call<{ code?: string }>(donor, 'GET', `/v1/offers/${offer.id}/handover-code`);
    if (read.body.code === undefined) {
      noteRefusal(tally, 'handover-code', read);
      return;
    }
    const handedGrams = portionOf(grams, behaviour.handedShare);
    const body = { code: read.body.code, ...(handedGrams < grams ? { quantityGrams: handedGrams } : {}) };
    const { status } = await act(ports, who, offer, 'handover', body);
    if (status !== 200) return;
    tally.collected++;
    tally.collectedGrams += handedGrams;
  } finally {
    tally.underWay--;
  }
}

async function act(ports: RecipientsPorts, who: Who, offer: SeenOffer, verb: string, body: object): Promise<ApiAnswer> {
  const key = `${ports.evening}-${verb}-${offer.id}`;
  const answer = await ports.api.call(who, 'POST', `/v1/offers/${offer.id}/${verb}`, { body, key });
  if (answer.status !== 200) noteRefusal(ports.tally, verb, answer);
  return answer;
}

/** Too late is part of the game; anything else is shown. */
const TOO_LATE = new Set(['offer-lapsed', 'offer-closed']);

function noteRefusal(tally: Tally, verb: string, answer: ApiAnswer): void {
  if (TOO_LATE.has(answer.problem)) return;
  const why = `${verb} ${String(answer.status)} ${answer.problem}`;
  tally.refused.set(why, (tally.refused.get(why) ?? 0) + 1);
}

function unanswered(tally: Tally): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof NoAnswer)) throw error;
    tally.unanswered++;
  };
}
