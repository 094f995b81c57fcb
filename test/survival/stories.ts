/** What people do all evening: a donor posts, the recipient accepts and collects, or says no and the donor cancels, or the donor cancels at once. */
import { setTimeout as pause } from 'node:timers/promises';
import { createDice } from '../../dev/simulate/random.ts';
import { keepTokens, type Tokens } from '../../dev/issuer/tokens.ts';
import type { Stack } from '../../dev/stack/stack.ts';
import { createBalancer, type Ask, type Balancer, type Sent } from './balancer.ts';

export interface Seen {
  readonly kind: string;
  /** unix ms */
  readonly atMs: number;
  readonly tookMs: number;
  readonly status: number;
  /** of the problem, or why no answer came; empty when all is well */
  readonly problem: string;
  readonly retryAfter: string | null;
}

export interface Stage {
  readonly balancer: Balancer;
  readonly tokens: Tokens;
  readonly donorIds: readonly string[];
  readonly seed: string;
  readonly seen: Seen[];
  /** who is told when to come back (503 with Retry-After) does, once, with the same key */
  readonly comesBack?: boolean;
}

/** Donors and whoever is offered their food, before these apis, with tokens of the stack's issuer. Close its balancer at the end. */
export function openStage(
  { env, ports }: Pick<Stack, 'env' | 'ports'>,
  apis: readonly string[],
  donorIds: readonly string[],
  seed: string,
): Stage {
  const balancer = createBalancer(apis.map((name) => ports[name] ?? 0));
  return { balancer, tokens: keepTokens(env['JWT_ISSUER_URL'] ?? ''), donorIds, seed, seen: [] };
}

interface SurplusSeen {
  readonly id: string;
  readonly offer: { readonly id: string; readonly recipientId: string } | null;
}

const HOURS_SAFE = 3;

/** One story, to its end: 3.7 requests on average. Stops at the first request that fails. */
export async function playStory(stage: Stage, n: number): Promise<void> {
  const dice = createDice(`${stage.seed}|story ${String(n)}`);
  const donor = stage.donorIds[Math.floor(dice('donor') * stage.donorIds.length)] ?? '';
  const name = `${stage.seed}-${String(n)}`;
  const safeUntil = new Date(Date.now() + HOURS_SAFE * 3_600_000).toISOString();
  const food = { category: 'bakery', quantityGrams: 500, storage: 'ambient', safeUntil };
  const posted = await act(stage, 'post', 'donor', donor, name, { method: 'POST', path: '/v1/surplus', body: food });
  if (posted.status !== 201) return;
  const { id, offer } = posted.body as SurplusSeen;
  const roll = dice('then');
  const cancel = () => act(stage, 'cancel', 'donor', donor, name, { method: 'DELETE', path: `/v1/surplus/${id}` });
  if (offer === null || roll < 0.15) {
    await cancel();
  } else if (roll < 0.3) {
    if ((await answer(stage, 'decline', offer, name, { reason: 'We are full.' })).status !== 200) return;
    const read = { method: 'GET', path: `/v1/surplus/${id}` } as const;
    // Whoever is asked next plays no part: left open, lots would gather.
    if ((await act(stage, 'read', 'donor', donor, name, read)).status === 200) await cancel();
  } else await collect(stage, donor, offer, name);
}

async function collect(
  stage: Stage,
  donor: string,
  offer: NonNullable<SurplusSeen['offer']>,
  name: string,
): Promise<void> {
  if ((await answer(stage, 'accept', offer, name, {})).status !== 200) return;
  const read = { method: 'GET', path: `/v1/offers/${offer.id}/handover-code` } as const;
  const code = await act(stage, 'code', 'donor', donor, name, read);
  if (code.status !== 200) return;
  await answer(stage, 'handover', offer, name, { code: (code.body as { code: string }).code });
}

function answer(
  stage: Stage,
  verb: string,
  offer: NonNullable<SurplusSeen['offer']>,
  name: string,
  body: unknown,
): Promise<Sent> {
  const path = `/v1/offers/${offer.id}/${verb}`;
  return act(stage, verb, 'recipient', offer.recipientId, name, { method: 'POST', path, body });
}

async function act(
  stage: Stage,
  kind: string,
  role: 'donor' | 'recipient',
  organisation: string,
  name: string,
  ask: Omit<Ask, 'headers'>,
): Promise<Sent> {
  const authorization = `Bearer ${await stage.tokens.of(role, organisation)}`;
  const headers = ask.method === 'POST' ? { authorization, 'idempotency-key': `${name}-${kind}` } : { authorization };
  const atMs = Date.now();
  const sent = await stage.balancer.send({ ...ask, headers });
  const problem = sent.lost === '' ? problemOf(sent) : sent.lost;
  const answer = { kind, atMs, tookMs: sent.tookMs, status: sent.status, problem, retryAfter: sent.retryAfter };
  stage.seen.push(answer);
  if (stage.comesBack !== true || !saysWhen(answer)) return sent;
  await pause(Number(sent.retryAfter) * 1000);
  return await act({ ...stage, comesBack: false }, kind, role, organisation, name, ask);
}

/** Refused with a word on when to come back. */
export function saysWhen({ status, retryAfter }: Seen): boolean {
  return status === 503 && retryAfter !== null;
}

function problemOf({ status, body }: Sent): string {
  if (status < 300) return '';
  const type = typeof body === 'object' && body !== null && 'type' in body ? body.type : '';
  return typeof type === 'string' ? (type.split('/').at(-1) ?? '') : '';
}

export function failures(seen: readonly Seen[]): Seen[] {
  return seen.filter(({ status }) => status < 200 || status >= 300);
}

/** As many at once as given, each beginning when another ends. @returns requests answered well per second */
export async function playTogether(
  stage: Stage,
  atOnce: number,
  durationMs: number,
  nextNumber: () => number,
): Promise<number> {
  const endMs = performance.now() + durationMs;
  const before = stage.seen.length;
  const one = async (): Promise<void> => {
    while (performance.now() < endMs) await playStory(stage, nextNumber());
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  const mine = stage.seen.slice(before);
  return (mine.length - failures(mine).length) / (durationMs / 1000);
}

/** Stories begin at a constant rate, however slow the answers are, until stopped. @returns stops it, and waits for the last */
export function playSteadily(stage: Stage, storiesPerSecond: number, nextNumber: () => number): () => Promise<void> {
  const stories = new Set<Promise<void>>();
  const startedMs = performance.now();
  let begun = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - startedMs) / 1000) * storiesPerSecond;
    for (; begun < due; begun++) {
      const story = playStory(stage, nextNumber());
      stories.add(story);
      void story.finally(() => stories.delete(story));
    }
  }, 5);
  return async () => {
    clearInterval(timer);
    await Promise.all(stories);
  };
}
