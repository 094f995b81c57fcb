import { setTimeout as pause } from 'node:timers/promises';
import { NoAnswer, type Api } from './api.ts';
import type { PlannedPost } from './evening.ts';
import type { Posted, Tally } from './tally.ts';

export interface DonorsPorts {
  readonly api: Api;
  readonly tally: Tally;
  /** what was answered 2xx, by id */
  readonly posted: Map<string, Posted>;
  /** monotonic ms */
  readonly beganMs: number;
  readonly isOver: () => boolean;
}

interface SurplusAnswer {
  readonly id: string;
  readonly offer: { readonly recipientId: string } | null;
}

/** Posts each surplus at its time. Resolves when the last one is answered. */
export async function playDonors(ports: DonorsPorts, plan: readonly PlannedPost[]): Promise<void> {
  await Promise.all(plan.map((post) => playPost(ports, post)));
}

async function playPost(ports: DonorsPorts, plan: PlannedPost): Promise<void> {
  await pause(Math.max(0, ports.beganMs + plan.atMs - performance.now()));
  if (ports.isOver()) return;
  const who = { role: 'donor', org: plan.donorId } as const;
  const askedMs = performance.now();
  const body = {
    category: plan.category,
    storage: plan.storage,
    quantityGrams: plan.quantityGrams,
    safeUntil: new Date(Date.now() + plan.safeForMinutes * 60_000).toISOString(),
  };
  try {
    const answer = await ports.api.call<SurplusAnswer>(who, 'POST', '/v1/surplus', { body, key: plan.key });
    if (answer.status !== 201 && answer.status !== 200) {
      const why = `post ${String(answer.status)} ${answer.problem}`;
      ports.tally.refused.set(why, (ports.tally.refused.get(why) ?? 0) + 1);
      return;
    }
    note(ports, plan, answer.body, askedMs);
    if (plan.cancelAfterMs !== null) await cancelLater(ports, plan, answer.body.id);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    ports.tally.unanswered++;
  }
}

function note(ports: DonorsPorts, plan: PlannedPost, surplus: SurplusAnswer, askedMs: number): void {
  const { tally, posted } = ports;
  const { donorId, quantityGrams } = plan;
  posted.set(surplus.id, { id: surplus.id, donorId, quantityGrams, offered: surplus.offer !== null });
  tally.posted++;
  tally.postedGrams += quantityGrams;
  if (surplus.offer !== null) tally.firstOfferMs.push(performance.now() - askedMs);
}

/** The staff ate it after all. What was collected meanwhile stays collected. */
async function cancelLater(ports: DonorsPorts, plan: PlannedPost, id: string): Promise<void> {
  await pause(plan.cancelAfterMs ?? 0);
  if (ports.isOver()) return;
  const who = { role: 'donor', org: plan.donorId } as const;
  const { status } = await ports.api.call(who, 'DELETE', `/v1/surplus/${id}`, { key: `cancel-${plan.key}` });
  if (status === 200) ports.tally.cancelled++;
}
