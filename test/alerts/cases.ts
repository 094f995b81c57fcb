/** Which page mends which break, by which of its actions: what `make runbooks` follows, in this order. */
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { breadOf, type Person, signIn, type SurplusSeen } from '../journey/people.ts';
import { BREAKS, dropDaysAhead, flood, hang, pauseConsumer, postEvery, spread } from './breaks.ts';
import type { AlertStage } from './stage.ts';

export interface Case {
  readonly what: string;
  /** waited for, then looked up */
  readonly alert: string;
  /** pages and the numbers of their actions, in the order of the following */
  readonly follow: readonly { readonly page: string; readonly actions: readonly number[] }[];
  readonly needsDisks?: boolean;
  /** Breaks it, and goes on until the signal: the page has mended it by then, or somebody who isn't on the page. */
  readonly run: (stage: AlertStage, over: AbortSignal) => Promise<void>;
  /** What the page asks of people, before its commands. */
  readonly byHand?: (stage: AlertStage) => void;
  /** Whoever causes it stops when the page has been followed: it asks to wait, or to talk to them. */
  readonly ceases?: boolean;
  /** What is done again and again at the end, because other cases made more of it. */
  readonly again?: Case['follow'][number];
}

export const CASES: readonly Case[] = [
  {
    what: 'nobody answers any offer',
    alert: 'OffersUnanswered',
    follow: [{ page: 'offers-unanswered', actions: [1, 2] }],
    ceases: true,
    run: (stage, over) => postEvery(stage, 500, over),
  },
  {
    what: 'what they left',
    alert: 'DeadLetters',
    follow: [
      { page: 'dead-letters', actions: [1, 2] },
      // the next hundred
      { page: 'dead-letters', actions: [2] },
    ],
    // and what the other cases leave
    again: { page: 'dead-letters', actions: [2] },
    run: async () => undefined,
  },
  {
    what: 'Redis hangs: posts are taken, nobody is offered them',
    alert: 'PostsOfferedLateFast',
    follow: [{ page: 'posts-offered-late', actions: [1] }],
    run: (stage, over) => hang(stage, 'redis', over, () => postEvery(stage, 200, over)),
  },
  {
    what: 'Valhalla hangs while donors post that never posted',
    alert: 'RoutingBreakerOpen',
    follow: [{ page: 'routing-breaker-open', actions: [1] }],
    run: (stage, over) => hang(stage, 'valhalla', over, () => postEvery(stage, 300, over, aside)),
  },
  {
    what: 'the relay hangs',
    alert: 'OutboxLag',
    follow: [{ page: 'outbox-lag', actions: [2] }],
    run: (stage, over) => hang(stage, 'relay', over, () => postEvery(stage, 500, over)),
  },
  {
    what: 'NATS hangs',
    alert: 'OutboxLag',
    follow: [{ page: 'outbox-lag', actions: [3] }],
    run: (stage, over) => hang(stage, 'nats', over, () => postEvery(stage, 500, over)),
  },
  {
    what: 'somebody paused the consumer that tells recipients',
    alert: 'ConsumerLag',
    follow: [{ page: 'consumer-lag', actions: [2] }],
    run: pauseConsumer,
  },
  {
    what: 'an actor host hangs',
    alert: 'NotScraped',
    follow: [{ page: 'not-scraped', actions: [1] }],
    run: (stage, over) => hang(stage, 'actor-host-2', over, () => postEvery(stage, 500, over)),
  },
  {
    what: 'the worker hangs: what is due is not done',
    alert: 'LotsOverdueFast',
    follow: [{ page: 'lots-overdue', actions: [1, 3] }],
    run: (stage, over) => hang(stage, 'worker', over, () => postEvery(stage, 5_000, over)),
  },
  {
    what: 'somebody reads a whole table, and the days ahead have none',
    alert: 'PartitionsShort',
    follow: [{ page: 'partitions-short', actions: [1] }],
    run: dropDaysAhead,
  },
  {
    what: 'PostgreSQL hangs',
    alert: 'LedgerUnwatched',
    follow: [{ page: 'ledger-unwatched', actions: [1] }],
    run: (stage, over) => hang(stage, 'postgres', over, () => postEvery(stage, 1_000, over)),
  },
  {
    what: 'one host is left, and somebody holds a lock that all its turns wait for',
    alert: 'MatchingSaturated',
    follow: [
      { page: 'matching-saturated', actions: [] },
      { page: 'ledger-unwatched', actions: [3] },
    ],
    run: lockTheCells,
  },
  {
    what: 'one donor posts without end',
    alert: 'HotCell',
    // to limit donors is another start of the stack: they cease
    follow: [{ page: 'hot-cell', actions: [] }],
    ceases: true,
    run: async (stage, over) => {
      const [donor] = stage.donors;
      if (donor !== undefined) await flood({ ...stage, donors: [donor] }, over, 200, (at) => at);
    },
  },
  {
    what: 'an actor host hangs now and then under load, and comes back',
    alert: 'FenceRefusals',
    follow: [{ page: 'fence-refusals', actions: [2, 3] }],
    ceases: true,
    run: breakNamed('FenceRefusals'),
  },
  {
    what: 'the disk below NATS is full',
    alert: 'StreamRefusesWrites',
    follow: [{ page: 'stream-refuses-writes', actions: [3] }],
    needsDisks: true,
    run: async (stage, over) => {
      if ('because' in stage.disks) throw new Error(stage.disks.because);
      stage.disks.fill('nats');
      await postEvery(stage, 200, over);
    },
    byHand: ({ disks }) => {
      if (!('because' in disks)) disks.empty('nats');
    },
  },
];

function aside({ lat, lon }: { lat: number; lon: number }, n: number): { lat: number; lon: number } {
  return { lat: lat + n / 1e5, lon };
}

function breakNamed(alert: string): Case['run'] {
  const found = BREAKS.find(({ alerts }) => alerts.includes(alert));
  if (found === undefined) throw new Error(`no break makes ${alert} fire`);
  return found.run;
}

/** Whose connection the page ends. */
async function lockTheCells(stage: AlertStage, over: AbortSignal): Promise<void> {
  const client = new pg.Client({ connectionString: stage.stack.env['MIGRATION_DATABASE_URL'] });
  client.on('error', () => undefined);
  const second = ['actor-host-2.daprd', 'actor-host-2'].map((name) => stage.stack.process(name));
  for (const each of second) await each.stop();
  await client.connect();
  await client.query('begin; lock table cell in access exclusive mode');
  await flood(stage, over, 100, spread);
  await client.end().catch(() => undefined);
  for (const each of second.reverse()) await each.start();
}

/** A city as it is on a good day: offers are accepted as soon as they are made. */
export async function goodDay({ stack, donors }: AlertStage, over: AbortSignal): Promise<void> {
  const where = { apiUrl: stack.env['API_URL'] ?? '', issuerUrl: stack.env['JWT_ISSUER_URL'] ?? '' };
  const recipients = new Map<string, Promise<Person>>();
  for (let n = 0; !over.aborted; n++, await pause(300)) {
    const donor = donors[n % donors.length];
    const posted = await donor
      ?.post<SurplusSeen>('/v1/surplus', breadOf({ quantityGrams: 200 }))
      .catch(() => undefined);
    if (posted === undefined) continue;
    const { id, offer } = posted.body;
    if (offer) {
      const recipient = recipients.get(offer.recipientId) ?? signIn(where, 'recipient', offer.recipientId);
      recipients.set(offer.recipientId, recipient);
      await (await recipient).post(`/v1/offers/${offer.id}/accept`, {}).catch(() => undefined);
    }
    // Or they would be full before the day is over, and what nobody takes a dead letter: few are open at night.
    await donor?.remove(`/v1/surplus/${id}`).catch(() => undefined);
  }
}
