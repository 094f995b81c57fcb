/** Each role of the worker, put together from its parts. */
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { CellClient } from '#cell/contract.ts';
import type { Alerts } from '#adapters/alerts/pagerDuty.ts';
import type { Bus } from '#adapters/nats/bus.ts';
import { createLimit } from '#adapters/batching/limit.ts';
import { startConsumer, type ConsumerSpec } from '#adapters/nats/consume.ts';
import { createDeadLetters } from '#adapters/nats/deadLetters.ts';
import type { Publish } from '#adapters/nats/publish.ts';
import { DEAD_LETTERS, LOTS } from '#adapters/nats/streams.ts';
import type { ObjectStore } from '#adapters/objects/objectStore.ts';
import { isAway } from '#adapters/postgres/away.ts';
import type { DatabaseClock } from '#adapters/postgres/clock.ts';
import { findDueLots } from '#adapters/postgres/sql/findDueLots.ts';
import { findLatestEvents } from '#adapters/postgres/sql/findLatestEvents.ts';
import { findUnprovenOffers } from '#adapters/postgres/sql/findUnprovenOffers.ts';
import * as housekeeping from '#adapters/postgres/sql/housekeeping.ts';
import { listCommandRegions, listRegions } from '#adapters/postgres/sql/listRegions.ts';
import { joinMembers, leaveMembers, listMembers } from '#adapters/postgres/sql/members.ts';
import * as subscriptions from '#adapters/postgres/sql/pushSubscriptions.ts';
import * as windows from '#adapters/postgres/sql/windows.ts';
import { newUuid } from '#adapters/ids/uuid.ts';
import { createCandidateKeeper } from '#adapters/redis/keeper.ts';
import { connectRedis } from '#adapters/redis/connection.ts';
import type { Pusher } from '#adapters/webpush/pusher.ts';
import type { RoleName } from './config.ts';
import { createAlertBook } from './escalate/alertBook.ts';
import { createEscalator, letterKeyOf } from './escalate/escalate.ts';
import { every } from './every.ts';
import { housekeep } from './housekeep/housekeep.ts';
import { lotKeyOf } from './lotEvent.ts';
import type { Meters } from './meters.ts';
import { createNotifier } from './notify/notify.ts';
import { createText, type Texting } from './notify/texting.ts';
import { createPhones, createProofs, createSubscriptions } from './notify/proofs.ts';
import { createRematcher } from './rematch/rematch.ts';
import { createMembers } from './sweep/members.ts';
import { createResend } from './sweep/resend.ts';
import { createSweep } from './sweep/sweep.ts';
import { createPhotoCleaner } from './housekeep/photos.ts';
import { createWindowPoster } from './windows/poster.ts';

export interface Workshop {
  readonly pool: Pool;
  readonly bus: Bus;
  readonly publish: Publish;
  readonly keepStreams: () => Promise<void>;
  readonly cells: Pick<CellClient, 'send'>;
  /** whether calls to cells get anywhere from here */
  readonly isSidecarWell: () => Promise<boolean>;
  readonly alerts: Alerts;
  /** null: no web push */
  readonly pusher: Pick<Pusher, 'push'> | null;
  /** opens the sealed subscription of a row. @throws when its key is unknown */
  readonly openSubscription: (row: subscriptions.PushSubscriptionRow) => unknown;
  /** null: no photos are kept here */
  readonly photos: ObjectStore | null;
  /** null: no second channel */
  readonly texting: Texting | null;
  readonly redis: { readonly url: string; readonly prefix: string };
  readonly regionLevel: number;
  /** unique among workers */
  readonly me: string;
  /** PostgreSQL's: deadlines and what is due are its times */
  readonly clock: Pick<DatabaseClock, 'nowMs' | 'sample'>;
  readonly meters: Meters;
  readonly log: Logger;
}

export interface RunningRole {
  stop(): Promise<void>;
}

export const ROLES: Readonly<Record<RoleName, (shop: Workshop) => RunningRole>> = {
  sweep: startSweep,
  rematch: startRematch,
  escalate: startEscalate,
  notify: startNotify,
  keep: startKeeper,
  housekeep: startHousekeeping,
};

const SWEEP_MEMBER_MS = 5_000;
const WINDOW_ROUND_MS = 2_000;
const ALERT_ROUND_MS = 5_000;
const HOUSEKEEP_EVERY_MS = 6 * 60 * 60_000;
/** Hardly ever there is one to make. After a clock that was wrong for days, or a lock held for long, nobody waits for the next cleaning. */
const PARTITIONS_EVERY_MS = 60_000;
const CLOCKS_AGREE_MS = 60 * 60_000;
const KEEPER_TIMEOUT_MS = 5_000;
/** Of pushes, and of texts: what waits longer for its turn at their services would time out there. */
const SENT_AT_ONCE = 256;

function startSweep(shop: Workshop): RunningRole {
  const { pool, meters } = shop;
  const resend = createResend({
    unproven: (region, ages, limit) => findUnprovenOffers(pool, region, ages, limit),
    latestEvents: (region, lotIds) => findLatestEvents(pool, region, lotIds),
    publish: shop.publish,
    onResent: meters.onResent,
  });
  const sweep = createSweep({
    cells: shop.cells,
    regions: () => listRegions(pool),
    dueLots: (region, limit, except) => findDueLots(pool, region, limit, except),
    members: createMembers({
      join: () => joinMembers(pool, 'sweep', shop.me, SWEEP_MEMBER_MS),
      list: () => listMembers(pool, 'sweep', SWEEP_MEMBER_MS),
      isWell: shop.isSidecarWell,
      me: shop.me,
    }),
    me: shop.me,
    resend,
    log: shop.log,
    meters,
  });
  sweep.start();
  const posts = every(WINDOW_ROUND_MS, 'the round of recurring posts', windowPoster(shop), shop.log);
  return {
    stop: async () => {
      await Promise.all([sweep.stop(), posts.stop()]);
      await leaveMembers(pool, 'sweep', shop.me).catch(() => undefined);
    },
  };
}

/** What is due by the clock, like the sweep's lots. */
function windowPoster({ pool, cells, clock, meters, log }: Workshop): () => Promise<boolean> {
  return createWindowPoster({
    cells,
    due: (limit) => windows.findDueWindows(pool, limit),
    take: (window) => windows.takeWindowDay(pool, window),
    close: (window, done) => windows.closeWindowDay(pool, window, done),
    newUuid,
    nowMs: clock.nowMs,
    onPosted: meters.onWindow,
    log,
  });
}

function startRematch(shop: Workshop): RunningRole {
  return consumer(shop, {
    stream: LOTS,
    durable: 'rematch',
    filter: 'lot.*.rematching',
    concurrency: 64,
    maxTries: 10,
    keyOf: lotKeyOf,
    handle: createRematcher({ ...shop, nowMs: shop.clock.nowMs }),
  });
}

function startEscalate(shop: Workshop): RunningRole {
  const letters = createDeadLetters(shop.bus, shop.publish);
  const alertBook = createAlertBook({ alerts: shop.alerts, counts: letters.counts, log: shop.log });
  const rounds = every(ALERT_ROUND_MS, 'the alert round', alertBook.round, shop.log);
  const running = consumer(shop, {
    stream: DEAD_LETTERS,
    durable: 'escalate',
    filter: 'dead.>',
    concurrency: 32,
    // it is in the dead letters already
    maxTries: null,
    keyOf: letterKeyOf,
    handle: createEscalator({ cells: shop.cells, alertBook }),
  });
  return {
    stop: async () => {
      await Promise.all([rounds.stop(), running.stop()]);
    },
  };
}

function startNotify(shop: Workshop): RunningRole {
  const { pool, pusher, texting } = shop;
  const [pushes, texts] = [createLimit(SENT_AT_ONCE), createLimit(SENT_AT_ONCE)];
  const text = texting === null ? null : createText(pool, createPhones(pool), texting);
  const subscriptionsOf = createSubscriptions(pool);
  const handle = createNotifier({
    pusher: pusher && { push: (to, message) => pushes(() => pusher.push(to, message)) },
    subscriptions: async (role, organisationId) =>
      (await subscriptionsOf(role, organisationId)).map((row) => ({
        digest: row.endpointDigest,
        isSilent: row.isSilent,
        subscription: opened(shop, row),
      })),
    forget: (digests) => subscriptions.markPushDead(pool, digests),
    delivered: (digests) => subscriptions.markPushDelivered(pool, digests),
    ...createProofs(pool),
    nowMs: shop.clock.nowMs,
    text: text && ((notice) => texts(() => text(notice))),
    onPush: shop.meters.onPush,
    onText: shop.meters.onText,
    log: shop.log,
  });
  return consumer(shop, {
    stream: LOTS,
    durable: 'notify',
    filter: 'lot.>',
    concurrency: 500,
    maxTries: 12,
    keyOf: lotKeyOf,
    handle,
  });
}

/** null: it can't be opened; a worker that was started later may have the key */
function opened(shop: Workshop, row: subscriptions.PushSubscriptionRow): unknown {
  try {
    return shop.openSubscription(row);
  } catch (error) {
    shop.log.warn({ because: String(error) }, 'a push subscription could not be opened');
    return null;
  }
}

function startKeeper(shop: Workshop): RunningRole {
  const redis = connectRedis(shop.redis.url, { name: 'worker-keep', commandTimeoutMs: KEEPER_TIMEOUT_MS });
  const { pool, log, regionLevel } = shop;
  const keeper = createCandidateKeeper({ pool, redis, prefix: shop.redis.prefix, log, regionLevel });
  keeper.start();
  return {
    stop: async () => {
      await keeper.stop();
      redis.stop();
    },
  };
}

function startHousekeeping(shop: Workshop): RunningRole {
  const { pool, clock, log } = shop;
  const isTimeSure = async (): Promise<boolean> => {
    await clock.sample();
    return Math.abs(clock.nowMs() - Date.now()) < CLOCKS_AGREE_MS;
  };
  const ports = {
    isTimeSure,
    dropDoneOutboxDays: () => housekeeping.dropDoneOutboxDays(pool),
    regions: () => listCommandRegions(pool),
    deleteOldCommands: (region: string, days: number, limit: number) =>
      housekeeping.deleteOldCommands(pool, region, days, limit),
    deleteOldTravelTimes: (days: number, limit: number) => housekeeping.deleteOldTravelTimes(pool, days, limit),
    deleteOldSignIns: (table: housekeeping.SignInTable, days: number, limit: number) =>
      housekeeping.deleteOldSignIns(pool, table, days, limit),
    deleteOldPhotos: createPhotoCleaner(pool, shop.photos),
    log,
  };
  const ensure = async (): Promise<void> => {
    const made = await housekeeping.ensurePartitions(pool);
    if (made > 0) log.info({ made }, 'partitions made');
  };
  const running = [
    every(PARTITIONS_EVERY_MS, 'making partitions', ensure, log),
    every(HOUSEKEEP_EVERY_MS, 'housekeeping', () => housekeep(ports), log),
  ];
  return {
    stop: async () => {
      await Promise.all(running.map((each) => each.stop()));
    },
  };
}

function consumer(shop: Workshop, spec: ConsumerSpec): RunningRole {
  return startConsumer(shop, { isOutage: isAway, ...spec, onOutcome: shop.meters.onMessage(spec.durable) });
}
