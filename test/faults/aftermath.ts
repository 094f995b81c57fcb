/** After all the faults: what a donor and a recipient want of the platform, as if nothing had been. */
import { setTimeout as pause } from 'node:timers/promises';
import { keyOf } from '../../dev/simulate/random.ts';
import type { Client } from './client.ts';
import { handoverOf, readOf, verbOf, type Donor, type OfferSeen } from './load.ts';
import type { Breach } from './breach.ts';
import { plainPost } from './stage.ts';

export const AFTERMATH_LAW = 'after it all food goes from hand to hand';

/** How far one of them came. */
export interface Errand {
  readonly donor: string;
  readonly lot: string | null;
  readonly cameTo: 'nothing' | 'posted' | 'offered' | 'claimed' | 'collected';
}

const ERRANDS = 12;
const OFFERED_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 500;

/** Posts of as many donors, each offered, accepted and handed over at once. */
export async function runErrands(seed: string, client: Client, donors: readonly Donor[]): Promise<Errand[]> {
  const chosen = donors.filter((_, n) => n % Math.max(1, Math.floor(donors.length / ERRANDS)) === 0).slice(0, ERRANDS);
  return await Promise.all(chosen.map(({ id }, n) => runErrand(client, id, keyOf(seed, 'errand', n))));
}

async function runErrand(client: Client, donor: string, key: string): Promise<Errand> {
  const { outcome, lot } = await client.perform(plainPost(donor, key));
  if (outcome !== 'ok' || lot === null) return { donor, lot, cameTo: 'nothing' };
  const offer = await offerOf(client, donor, lot);
  if (offer === null) return { donor, lot, cameTo: 'posted' };
  // A food bank of last resort needs no answer.
  const accepted = offer.fallback ? null : await client.perform(verbOf(offer, 'accept', {}, 1));
  if (accepted !== null && accepted.outcome !== 'ok') return { donor, lot, cameTo: 'offered' };
  const handover = await handoverOf(client, donor, offer, {});
  const handed = handover === null ? null : await client.perform(handover);
  return { donor, lot, cameTo: handed?.outcome === 'ok' ? 'collected' : 'claimed' };
}

async function offerOf(client: Client, donor: string, lot: string): Promise<OfferSeen | null> {
  const untilMs = performance.now() + OFFERED_WITHIN_MS;
  while (performance.now() < untilMs) {
    const { outcome, answer } = await readOf(client, donor, lot);
    const offer = outcome === 'ok' ? (answer as { offer: OfferSeen | null }).offer : null;
    if (offer !== null) return offer;
    await pause(LOOK_EVERY_MS);
  }
  return null;
}

export function unserved(errands: readonly Errand[]): Breach[] {
  const failed = errands.filter(({ cameTo }) => cameTo !== 'collected');
  if (failed.length === 0 && errands.length > 0) return [];
  const what = `of ${String(errands.length)} errands ${String(failed.length)} came to ${failed.map(({ cameTo }) => cameTo).join(', ') || 'nothing'}`;
  return [{ law: AFTERMATH_LAW, what, evidence: failed }];
}
