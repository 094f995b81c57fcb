import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { RedisConnection } from './connection.ts';
import { beginSets, putRecipients } from './fill.ts';
import { keysOf, type Keys } from './keys.ts';
import { isDecided, type Loss } from './loss.ts';
import { distrust } from './mend.ts';
import { keeperFailures, rebuildSeconds } from './metrics.ts';
import { rebuild } from './rebuild.ts';
import { allRecipients, databaseTime, oneRecipient, recipientsChangedSince } from './recipients.ts';
import { run } from './script.ts';
import { DROP_PARTIAL, HOLD_LOCK, KEEP_LOCK, LET_GO, SET_MARKER } from './scripts.ts';
import { sweep, type Doubts } from './sweep.ts';

/** Terms: the marker says that the index may be believed; a keeper restores it when it is gone; one at a time, by a lock. */
export interface CandidateKeeper {
  start(): void;
  /** One round: look at the marker, then rebuild or refresh and sweep, whichever is due. @throws on faults */
  round(): Promise<void>;
  /** Sweeps at once (tests; operators). */
  sweepNow(): Promise<void>;
  stop(): Promise<void>;
}

export interface KeeperDependencies {
  readonly pool: pg.Pool;
  /** a connection of its own with a command timeout of seconds: a rebuild's pipelines are long */
  readonly redis: RedisConnection;
  readonly prefix: string;
  readonly log: { info(data: object, message: string): void; warn(data: object, message: string): void };
  readonly regionLevel?: number;
  /** from noticing the loss until no turn from before it may begin to write: not_after (2 s) and a margin */
  readonly settleMs?: number;
  readonly roundMs?: number;
  readonly sweepMs?: number;
}

const LOCK_MS = 15_000;
const SETTLE_MS = 2_300;
const REFRESH_MS = 1_000;
const SWEEP_MS = 5_000;
/** Whoever fails for so long with the lock in hand lets others try: it may be the only one that PostgreSQL does not let in. */
const FAILING_MS = 5_000;
const SIT_OUT_MS = 5_000;
/** A sweep reads every open offer: a nation's take their time, and may have so small a share of it. */
const SWEEP_SHARE = 1 / 20;

interface Keeper {
  readonly deps: KeeperDependencies;
  readonly keys: Keys;
  readonly owner: string;
  readonly doubts: Doubts;
  /** the marker is missing */
  loss: Loss | null;
  refreshedMs: number;
  nextSweepMs: number;
  /** of rounds one after the other; null: the last one went well */
  failingSinceMs: number | null;
  sitsOutUntilMs: number;
  /** PostgreSQL's time up to which recipients are known */
  knownUntil: string | null;
}

/** Keeps Redis's copy true to PostgreSQL: rebuilds it when it was lost, follows changed recipients, sweeps tokens. */
export function createCandidateKeeper(deps: KeeperDependencies): CandidateKeeper {
  const keeper: Keeper = {
    deps,
    keys: keysOf(deps.prefix),
    owner: randomUUID(),
    doubts: { days: new Map(), incomplete: new Map() },
    loss: null,
    refreshedMs: 0,
    nextSweepMs: performance.now() + (deps.sweepMs ?? SWEEP_MS),
    failingSinceMs: null,
    sitsOutUntilMs: 0,
    knownUntil: null,
  };
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let wake = (): void => undefined;
  const loop = async (): Promise<void> => {
    while (!stopped) {
      await guardedRound(keeper);
      if (!stopped)
        await new Promise<void>((resolve) => void ((wake = resolve), setTimeout(resolve, deps.roundMs ?? 300)));
    }
  };
  return {
    start: () => void (running = loop()),
    round: () => round(keeper),
    sweepNow: () => sweepNow(keeper),
    stop: async () => {
      stopped = true;
      wake();
      await running;
      await letGo(keeper);
    },
  };
}

/** After a recipient was changed through the api: the next search sees it at once. Mended by the keeper if this fails. */
export async function refreshRecipient(
  deps: Pick<KeeperDependencies, 'pool' | 'redis' | 'prefix'>,
  recipientId: string,
): Promise<void> {
  const recipient = await oneRecipient(deps.pool, recipientId);
  if (recipient !== null) await putRecipients(deps.redis, keysOf(deps.prefix), [recipient]);
}

async function guardedRound(keeper: Keeper): Promise<void> {
  if (performance.now() < keeper.sitsOutUntilMs) return;
  try {
    await round(keeper);
    keeper.failingSinceMs = null;
  } catch (error) {
    keeperFailures.inc();
    await sitOutIfLong(keeper);
    keeper.deps.log.warn({ err: error }, 'candidate keeper: this round failed, the next one tries again');
    await startAnew(keeper, error);
  }
}

async function sitOutIfLong(keeper: Keeper): Promise<void> {
  const nowMs = performance.now();
  keeper.failingSinceMs ??= nowMs;
  if (nowMs - keeper.failingSinceMs < FAILING_MS) return;
  keeper.failingSinceMs = null;
  keeper.sitsOutUntilMs = nowMs + SIT_OUT_MS;
  await letGo(keeper);
}

/** A key of another type, by a hand or another program, errs in every round: a recount never meets it, for it has keys of its own. */
async function startAnew({ deps: { redis }, keys }: Keeper, error: unknown): Promise<void> {
  if (!(error instanceof Error && error.message.startsWith('WRONGTYPE'))) return;
  await redis.client.unlink(keys.marker, keys.keeper).catch(() => 0);
}

async function round(keeper: Keeper): Promise<void> {
  const runId = keeper.deps.redis.runId();
  if (runId === null) return;
  const generation = await generationOf(keeper, runId);
  if (generation === null) return restore(keeper, runId);
  keeper.loss = null;
  if (performance.now() - keeper.refreshedMs >= REFRESH_MS) await refresh(keeper, generation);
  if (await dropPartial(keeper)) return;
  if (performance.now() >= keeper.nextSweepMs && (await holdLock(keeper))) await sweepInTurn(keeper, generation);
}

/** Without its first member a set was lost, and searches have had no answer since: no sweep need make sure. */
async function dropPartial({ deps, keys }: Keeper): Promise<boolean> {
  const isPartial = await distrust({ redis: deps.redis, keys }, DROP_PARTIAL);
  if (isPartial) deps.log.warn({}, 'the places of candidates are missing from Redis: they are counted anew');
  return isPartial;
}

async function sweepInTurn(keeper: Keeper, generation: string): Promise<void> {
  const startedMs = performance.now();
  const next = (): void => {
    const tookMs = performance.now() - startedMs;
    keeper.nextSweepMs = startedMs + Math.max(keeper.deps.sweepMs ?? SWEEP_MS, tookMs / SWEEP_SHARE);
  };
  const isWhole = await sweep({ ...keeper.deps, keys: keeper.keys }, generation, keeper.doubts).finally(next);
  if (!isWhole) keeper.deps.log.warn({}, 'candidates are missing from Redis: they are counted anew');
}

/** The generation the marker vouches for on this very server; null: none. */
async function generationOf(keeper: Keeper, runId: string): Promise<string | null> {
  const marker = await keeper.deps.redis.client.get(keeper.keys.marker);
  const [markedRunId, generation] = marker?.split(' ') ?? [];
  return markedRunId === runId && generation !== undefined ? generation : null;
}

async function restore(keeper: Keeper, runId: string): Promise<void> {
  const { deps, keys } = keeper;
  // Whoever held the lock meanwhile may have restored the index, and it was lost again, unseen from here.
  if (keeper.loss !== null && !(await keepLock(keeper))) keeper.loss = null;
  if (!(await holdLock(keeper))) return;
  keeper.loss ??= { noticedMs: performance.now(), undecided: null };
  const stillOurs = async (): Promise<void> => {
    if (!(await keepLock(keeper)))
      throw new Error('the lock went away under the rebuild: Redis was flushed, or another keeper took over');
  };
  if (!(await isDecided(deps.pool, keeper.loss, deps.settleMs ?? SETTLE_MS, stillOurs))) return;
  const stopwatch = rebuildSeconds.startTimer();
  const rebuilt = await rebuild(deps.pool, deps.redis.client, keys, stillOurs);
  const marker = `${runId} ${rebuilt.generation}`;
  // Before the answer, which may be lost: from here on turns may reserve.
  keeper.loss = null;
  if ((await run(deps.redis.client, SET_MARKER, [keys.keeper], [keeper.owner, keys.marker, marker])) !== 1) return;
  const seconds = stopwatch();
  keeper.knownUntil = rebuilt.startedAt;
  keeper.doubts.days.clear();
  keeper.doubts.incomplete.clear();
  deps.log.info(
    { recipients: rebuilt.recipients, tokens: rebuilt.tokens, seconds },
    'candidates rebuilt from PostgreSQL',
  );
}

async function refresh(keeper: Keeper, generation: string): Promise<void> {
  const { pool, redis } = keeper.deps;
  keeper.refreshedMs = performance.now();
  if (keeper.knownUntil === null) return refreshAll(keeper, generation);
  const { recipients, askedAt } = await recipientsChangedSince(pool, keeper.knownUntil);
  await putRecipients(redis, keeper.keys, recipients);
  keeper.knownUntil = askedAt;
}

/**
 * A keeper that finds a valid index when it starts doesn't know what changed while nobody looked. Nor whose it is: a host of an older
 * version begins no sets. All are in them after it.
 */
async function refreshAll(keeper: Keeper, generation: string): Promise<void> {
  const { pool, redis } = keeper.deps;
  const askedAt = await databaseTime(pool);
  for await (const page of allRecipients(pool)) await putRecipients(redis, keeper.keys, page);
  await beginSets(redis.client, keeper.keys, generation);
  keeper.knownUntil = askedAt;
}

async function sweepNow(keeper: Keeper): Promise<void> {
  const runId = keeper.deps.redis.runId();
  const generation = runId === null ? null : await generationOf(keeper, runId);
  if (generation !== null) await sweep({ ...keeper.deps, keys: keeper.keys }, generation, keeper.doubts);
}

async function holdLock(keeper: Keeper): Promise<boolean> {
  return (await run(keeper.deps.redis.client, HOLD_LOCK, [keeper.keys.keeper], [keeper.owner, LOCK_MS])) === 1;
}

/** Unlike holdLock it takes no lock that went away. */
async function keepLock(keeper: Keeper): Promise<boolean> {
  return (await run(keeper.deps.redis.client, KEEP_LOCK, [keeper.keys.keeper], [keeper.owner, LOCK_MS])) === 1;
}

async function letGo(keeper: Keeper): Promise<void> {
  try {
    await run(keeper.deps.redis.client, LET_GO, [keeper.keys.keeper], [keeper.owner]);
  } catch {
    // The lock ends by itself.
  }
}
