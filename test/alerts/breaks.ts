/** One entry a way to break the stack: which alerts must fire, and how it is mended. */
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import pg from 'pg';
import { LOTS } from '#adapters/nats/streams.ts';
import { treeOf } from '../faults/inject.ts';
import { breadOf } from '../journey/people.ts';
import type { AlertStage, Place } from './stage.ts';

export interface Break {
  readonly what: string;
  /** all of them fire within `withinMs` */
  readonly alerts: readonly string[];
  readonly withinMs?: number;
  /** on a stack of its own with small disks, where they may be mounted */
  readonly needsDisks?: boolean;
  /** Breaks it, and keeps it broken until the signal; then mends it. */
  readonly run: (stage: AlertStage, mended: AbortSignal) => Promise<void>;
}

const HOSTS = ['actor-host', 'actor-host-2'];

/** In this order: the first needs that few posts were in time before it. */
export const BREAKS: readonly Break[] = [
  {
    what: 'Redis hangs: posts are taken, nobody is offered them',
    alerts: ['PostsOfferedLateFast', 'PostsOfferedLate', 'PostsOfferedLateSlow'],
    run: (stage, mended) => hang(stage, 'redis', mended, () => postEvery(stage, 200, mended)),
  },
  {
    what: 'nobody answers any offer',
    alerts: ['OffersUnanswered', 'DeadLetters'],
    run: (stage, mended) => postEvery(stage, 500, mended),
  },
  {
    what: 'Valhalla is gone while donors post that never posted',
    alerts: ['RoutingBreakerOpen'],
    run: async (stage, mended) => {
      await stage.stack.process('valhalla').stop();
      await postEvery(stage, 300, mended, ({ lat, lon }, n) => ({ lat: lat + n / 1e5, lon }));
      await stage.stack.process('valhalla').start();
    },
  },
  {
    what: 'the relay hangs',
    alerts: ['OutboxLag', 'NotScraped'],
    run: (stage, mended) => hang(stage, 'relay', mended, () => postEvery(stage, 500, mended)),
  },
  {
    what: 'somebody paused the consumer that tells recipients',
    alerts: ['ConsumerLag'],
    run: pauseConsumer,
  },
  {
    what: 'the disk below NATS is full',
    alerts: ['StreamRefusesWrites'],
    needsDisks: true,
    run: async (stage, mended) => {
      const { disks, stack } = stage;
      if ('because' in disks) throw new Error(disks.because);
      disks.fill('nats');
      await postEvery(stage, 200, mended);
      disks.empty('nats');
      stack.process('nats').kill('SIGKILL');
    },
  },
  {
    what: 'an actor host hangs now and then under load, and comes back',
    alerts: ['FenceRefusals'],
    run: async (stage, mended) => {
      const posts = flood(stage, mended, 32, ({ lat, lon }, n) => ({ lat: lat + (n % 8) * 0.03, lon }));
      const hosts = HOSTS.map((name) => stage.stack.process(name));
      for (let n = 0; !mended.aborted; n++) {
        hosts[n % 2]?.kill('SIGSTOP');
        await pause(6_000);
        hosts[n % 2]?.kill('SIGCONT');
        await pause(6_000);
      }
      await posts;
    },
  },
  {
    what: 'the worker hangs: what is due is not done',
    alerts: ['LotsOverdueFast', 'LotsOverdue', 'LotsOverdueSlow'],
    run: (stage, mended) => hang(stage, 'worker', mended, () => postEvery(stage, 5_000, mended)),
  },
  {
    what: 'all donors post from one cell',
    alerts: ['HotCell'],
    run: (stage, mended) => flood(stage, mended, 200, () => stage.donors[0]?.at ?? { lat: 0, lon: 0 }),
  },
  {
    what: 'posts from 64 cells, to hosts that get a twentieth of the processor',
    alerts: ['PostsRefused'],
    run: async (stage, mended) => {
      const throttled = throttle(
        HOSTS.map((name) => stage.stack.process(name).pid),
        mended,
      );
      await Promise.all([throttled, flood(stage, mended, 300, spread)]);
    },
  },
  {
    what: 'one host is left, and somebody holds a lock that all its turns wait for',
    alerts: ['MatchingSaturated'],
    run: async (stage, mended) => {
      const client = new pg.Client({ connectionString: stage.stack.env['MIGRATION_DATABASE_URL'] });
      // An api has eight calls in flight at most: two hosts with eight connections each would not be full.
      const second = ['actor-host-2.daprd', 'actor-host-2'].map((name) => stage.stack.process(name));
      for (const each of second) await each.stop();
      await client.connect();
      await client.query('begin; lock table cell in access exclusive mode');
      await flood(stage, mended, 100, spread);
      await client.end();
      for (const each of second.reverse()) await each.start();
    },
  },
  {
    what: 'somebody reads a whole table, and the days ahead have none',
    alerts: ['PartitionsShort', 'PartitionsGone'],
    run: dropDaysAhead,
  },
  {
    what: 'PostgreSQL is stopped',
    alerts: ['LedgerUnwatched'],
    run: async ({ stack }, mended) => {
      await stack.process('postgres').stop();
      await until(mended);
      await stack.process('postgres').start();
    },
  },
];

/** SIGSTOP to the process and its children, while the rest goes on; whoever ended them meanwhile has mended it. */
export async function hang(
  stage: AlertStage,
  name: string,
  mended: AbortSignal,
  meanwhile: () => Promise<void>,
): Promise<void> {
  const pids = treeOf(stage.stack.process(name).pid);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    await meanwhile();
    await until(mended);
  } finally {
    for (const pid of pids) if (existsSync(`/proc/${String(pid)}`)) process.kill(pid, 'SIGCONT');
  }
}

/** As an operator does it who means to be back in a minute; whoever made it go on meanwhile has mended it. */
export async function pauseConsumer(stage: AlertStage, mended: AbortSignal): Promise<void> {
  const connection = await connect({ servers: stage.stack.env['NATS_URL'] ?? '' });
  try {
    const { consumers } = await jetstreamManager(connection);
    await consumers.pause(LOTS, 'notify', new Date(Date.now() + 3_600_000));
    await postEvery(stage, 500, mended).finally(() => consumers.resume(LOTS, 'notify'));
  } finally {
    await connection.close();
  }
}

const DAYS_FROM_TOMORROW = `select format('drop table %I', relname) as sql from pg_class
  where relname in (select 'outbox_' || to_char((now() + days * interval '1 day') at time zone 'UTC', 'YYYYMMDD') from generate_series(1, 14) as days)`;

/** As if somebody had read a whole table for a fortnight; whoever ended that meanwhile has mended it. */
export async function dropDaysAhead({ stack }: AlertStage, mended: AbortSignal): Promise<void> {
  const client = new pg.Client({ connectionString: stack.env['MIGRATION_DATABASE_URL'] });
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query<{ sql: string }>(DAYS_FROM_TOMORROW);
  await client.query(`begin; ${rows.map(({ sql }) => sql).join(';')}; commit; begin; select from outbox limit 1`);
  await until(mended);
  await client.end().catch(() => undefined);
}

/** Over 64 cells. */
export function spread({ lat, lon }: Place, n: number): Place {
  return { lat: lat + ((n % 8) - 4) * 0.03, lon: lon + ((Math.floor(n / 8) % 8) - 4) * 0.05 };
}

/** As a processor quota does it: a twentieth of each tenth of a second is theirs. */
async function throttle(hosts: readonly (number | undefined)[], over: AbortSignal): Promise<void> {
  const pids = hosts.filter((pid) => pid !== undefined);
  const tell = (signal: NodeJS.Signals): void => {
    for (const pid of pids) process.kill(pid, signal);
  };
  while (!over.aborted) {
    tell('SIGSTOP');
    await pause(95);
    tell('SIGCONT');
    await pause(5);
  }
}

export async function until(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await pause(100);
}

type Somewhere = (donorsPlace: Place, n: number) => Place;

/** Donors take turns; answers are not waited for. */
export async function postEvery(
  { donors }: AlertStage,
  everyMs: number,
  over: AbortSignal,
  where?: Somewhere,
): Promise<void> {
  for (let n = 0; !over.aborted; n++) {
    const donor = donors[n % donors.length];
    if (donor === undefined) return;
    const place = where === undefined ? {} : { location: where(donor.at, n) };
    void donor.post('/v1/surplus', breadOf({ quantityGrams: 200, ...place })).catch(() => undefined);
    await pause(everyMs);
  }
}

/** As fast as answers come, so many at once. */
export async function flood(
  { donors }: AlertStage,
  over: AbortSignal,
  atOnce: number,
  where: Somewhere,
): Promise<void> {
  const one = async (n: number): Promise<void> => {
    const donor = donors[n % donors.length];
    while (!over.aborted && donor !== undefined) {
      const location = where(donors[0]?.at ?? donor.at, n);
      await donor.post('/v1/surplus', breadOf({ quantityGrams: 200, location })).catch(() => pause(100));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, n) => one(n)));
}
