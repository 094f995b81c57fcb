/** Donors post over both APIs; what becomes of each post is a story in which recipients answer, together and against each other. */
import { setTimeout as pause } from 'node:timers/promises';
import { createDice, keyOf, pickWeighted, type Dice } from '../../dev/simulate/random.ts';
import type { Ask, Client } from './client.ts';
import type { Operation } from './operations.ts';

export interface Donor {
  readonly id: string;
  readonly categories: readonly string[];
}

export interface LoadOptions {
  readonly client: Client;
  readonly seed: string;
  readonly donors: readonly Donor[];
  readonly postsPerSecond: number;
  /** no more posts begin; stories end soon */
  readonly isOver: () => boolean;
}

export interface OfferSeen {
  readonly id: string;
  readonly state: string;
  readonly recipientId: string;
  readonly quantityGrams: number;
  readonly fallback: boolean;
}

interface LotSeen {
  readonly id: string;
  readonly state: string;
  readonly offer: OfferSeen | null;
  readonly lots?: readonly LotSeen[];
}

const LOOK_EVERY_MS = 1_500;
const STORY_MS = 30_000;
const REPEATED_SHARE = 0.15;
const REPEATED_WITHIN_MS = 15_000;
/** Some hang up early: whether it took effect they never learn. */
const IMPATIENT_SHARE = 0.08;
const ENDS = new Set(['collected', 'expired', 'cancelled']);

interface Story {
  readonly options: LoadOptions;
  readonly dice: Dice;
  readonly donor: string;
  readonly name: string;
  /** repeats still to come */
  readonly later: Promise<void>[];
}

/** Resolves when the last story has ended. */
export async function playLoad(options: LoadOptions): Promise<void> {
  const stories: Promise<void>[] = [];
  const dice = createDice(`${options.seed}|load`);
  for (let n = 0; !options.isOver(); n++) {
    stories.push(playStory(options, dice, n));
    await pause((1_000 / options.postsPerSecond) * (0.5 + dice('gap', n)));
  }
  await Promise.all(stories);
}

async function playStory(options: LoadOptions, load: Dice, n: number): Promise<void> {
  const donor = options.donors[Math.floor(load('donor', n) * options.donors.length)];
  if (donor === undefined) throw new Error('no donors');
  const dice = createDice(`${options.seed}|story ${String(n)}`);
  const story: Story = { options, dice, donor: donor.id, name: keyOf(options.seed, 'post', n), later: [] };
  const posted = await act(story, postOf(story, donor.categories), 'post');
  if (posted.outcome === 'ok' && posted.lot !== null) {
    const cancel = dice('cancels') < 0.1 ? cancelLater(story, posted.lot) : Promise.resolve();
    await Promise.all([follow(story, posted.lot), cancel]);
  }
  await Promise.all(story.later);
}

function postOf({ dice, donor, name }: Story, categories: readonly string[]): Ask {
  const isHopeless = dice('hopeless') < 0.1;
  const safeForMs = isHopeless ? 5_000 + dice('safe for') * 20_000 : 3 * 3_600_000;
  const grams = 200 + Math.floor(dice('grams') * 2_800);
  const body = {
    category: categories[0] ?? 'bakery',
    storage: 'ambient',
    quantityGrams: grams,
    safeUntil: new Date(Date.now() + safeForMs).toISOString(),
    // by which the laws find what an unanswered post made
    note: name,
  };
  return { kind: 'post', role: 'donor', org: donor, method: 'POST', path: '/v1/surplus', key: name, body, grams };
}

/** One operation, over either API; now and then impatient, now and then sent twice. */
async function act(story: Story, ask: Ask, about: string): Promise<Operation> {
  const { options, dice } = story;
  const impatient = dice('impatient', about) < IMPATIENT_SHARE ? { patienceMs: 300 } : {};
  const sent = { ...ask, ...impatient, api: dice('api', about) < 0.5 ? 0 : 1 };
  const operation = await options.client.perform(sent);
  // A cancel has no key; what it names may have changed since.
  if (operation.outcome === 'ok' && ask.kind !== 'cancel' && dice('repeat', about) < REPEATED_SHARE)
    story.later.push(repeatLater(story, sent, operation, dice('repeat after', about)));
  return operation;
}

/** Some at once, some when the host that took effect may be gone. */
async function repeatLater({ options }: Story, sent: Ask, operation: Operation, roll: number): Promise<void> {
  await pause(roll < 0.3 ? 0 : roll * REPEATED_WITHIN_MS);
  await options.client.repeat({ ...sent, patienceMs: 25_000 }, operation);
}

async function cancelLater(story: Story, lot: string): Promise<void> {
  await pause(story.dice('cancels at') * 15_000);
  await act(story, cancelOf(story.donor, lot, `${story.name}-cancel`), 'cancel');
}

export function cancelOf(donor: string, lot: string, key: string): Ask {
  return { kind: 'cancel', role: 'donor', org: donor, method: 'DELETE', path: `/v1/surplus/${lot}`, key, lot };
}

/** Looks at the surplus and its splits, and lets each new offer's recipient answer. */
async function follow(story: Story, lot: string): Promise<void> {
  const seen = new Set<string>();
  const answers: Promise<void>[] = [];
  const endMs = performance.now() + STORY_MS;
  while (performance.now() < endMs && !story.options.isOver()) {
    const look = await readOf(story.options.client, story.donor, lot);
    const top = look.outcome === 'ok' ? (look.answer as LotSeen) : null;
    const family = top === null ? [] : [top, ...(top.lots ?? [])];
    for (const { offer } of family) {
      if (offer === null || seen.has(offer.id)) continue;
      seen.add(offer.id);
      answers.push(answer(story, offer));
    }
    if (family.length > 0 && family.every(({ state }) => ENDS.has(state))) break;
    await pause(LOOK_EVERY_MS);
  }
  await Promise.all(answers);
}

/** What the donor sees of its surplus. */
export function readOf(client: Client, donor: string, lot: string): Promise<Operation> {
  const path = `/v1/surplus/${lot}`;
  return client.perform({ kind: 'read', role: 'donor', org: donor, method: 'GET', path, key: '-', lot });
}

const HABITS = { accept: 40, part: 15, twice: 15, torn: 10, decline: 10, silent: 10 } as const;
const AFTER_CLAIM = { handover: 45, part: 15, release: 20, both: 10, leave: 10 } as const;

async function answer(story: Story, offer: OfferSeen): Promise<void> {
  const { dice } = story;
  const on = (verb: 'accept' | 'decline', body: object, nth = 1): Promise<Operation> =>
    act(story, verbOf(offer, verb, body, nth), `${verb} ${offer.id} ${String(nth)}`);
  await pause(dice('thinks', offer.id) * 2_000);
  const part = Math.max(1, Math.floor(offer.quantityGrams * (0.3 + dice('part', offer.id) * 0.6)));
  switch (pickWeighted(HABITS, dice('habit', offer.id))) {
    case 'accept':
      await on('accept', {});
      break;
    case 'part':
      await on('accept', { quantityGrams: part });
      break;
    case 'twice':
      await Promise.all([on('accept', {}, 1), on('accept', { quantityGrams: part }, 2)]);
      break;
    case 'torn':
      await Promise.all([on('accept', {}), on('decline', { reason: 'torn' })]);
      break;
    case 'decline':
      await on('decline', { reason: 'closed today' });
      return;
    case 'silent':
      return;
  }
  await pause(dice('travels', offer.id) * 3_000);
  await settle(story, offer, part);
}

async function settle(story: Story, offer: OfferSeen, part: number): Promise<void> {
  const { dice } = story;
  const release = (): Promise<unknown> =>
    act(story, verbOf(offer, 'release', { reason: 'van broke' }, 1), `release ${offer.id}`);
  switch (pickWeighted(AFTER_CLAIM, dice('after claim', offer.id))) {
    case 'handover':
      await handover(story, offer, {});
      return;
    case 'part':
      await handover(story, offer, { quantityGrams: Math.max(1, Math.floor(part / 2)) });
      return;
    case 'release':
      await release();
      return;
    case 'both':
      await Promise.all([handover(story, offer, {}), release()]);
      return;
    case 'leave':
  }
}

/** The donor reads out the code, the recipient types it in. */
async function handover(story: Story, offer: OfferSeen, body: object): Promise<void> {
  const asked = await handoverOf(story.options.client, story.donor, offer, body);
  if (asked !== null) await act(story, asked, `handover ${offer.id}`);
}

/** With the code that the donor sees; null: it sees none. */
export async function handoverOf(client: Client, donor: string, offer: OfferSeen, body: object): Promise<Ask | null> {
  const path = `/v1/offers/${offer.id}/handover-code`;
  const look = { kind: 'read', role: 'donor', method: 'GET', path, key: '-', patienceMs: 8_000 } as const;
  const { outcome, answer } = await client.perform({ ...look, org: donor });
  if (outcome !== 'ok') return null;
  const { code } = answer as { code: string };
  return verbOf(offer, 'handover', { code, ...body }, 1);
}

export function verbOf(
  offer: OfferSeen,
  kind: 'accept' | 'decline' | 'release' | 'handover',
  body: object,
  nth: number,
): Ask {
  return {
    kind,
    role: 'recipient',
    org: offer.recipientId,
    method: 'POST',
    path: `/v1/offers/${offer.id}/${kind}`,
    key: `${kind}-${offer.id}-${String(nth)}`,
    body,
    lot: offer.id.slice(0, offer.id.lastIndexOf('-')),
    offer: offer.id,
    ...('quantityGrams' in body ? { grams: body.quantityGrams as number } : {}),
  };
}
