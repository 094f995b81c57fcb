import type { Redis } from 'ioredis';
import type pg from 'pg';
import { regionOf, signedIdOf } from '#core/geo/cell.ts';
import type { Recipient } from '#core/matching/candidate.ts';
import { cellOf, parseOfferId, postedAtMsOf } from '#core/words/ids.ts';
import { collectedArguments } from './candidates.ts';
import type { RedisConnection } from './connection.ts';
import { geoSetOf } from './fill.ts';
import type { GenerationKeys, Keys } from './keys.ts';
import { mended } from './metrics.ts';
import { redisTimeMs } from './rebuild.ts';
import { ORDERED_VERSION } from './recipients.ts';
import { runMarked, type Script } from './script.ts';
import { COLLECTED, DROP_MARKER, INCOMPLETE, MEND_DAYS, MEND_TOKENS } from './scripts.ts';

/** A turn's write is refused 2 s after its start: a token this old without an open offer is nobody's. */
const TOKEN_AGE_MS = 10_000;
const PAGE_ROWS = 200;

export interface SweepDependencies {
  readonly pool: pg.Pool;
  readonly redis: RedisConnection;
  readonly keys: Keys;
  readonly regionLevel?: number;
}

/** What the last sweep saw different: only what stays different is corrected, not what is under way. */
export interface Doubts {
  /** recipient and day: what Redis had, and PostgreSQL */
  readonly days: Map<string, string>;
  /** recipients of whom something was missing, in this version */
  readonly incomplete: Map<string, string>;
}

type Row = Pick<Recipient, 'active' | 'fallback' | 'lat'> & {
  readonly recipient_id: string;
  readonly ordered_version: string;
};

interface HeldToken {
  readonly recipientId: string;
  readonly offerId: string;
  /** as it stands in Redis: `<grams>:<reserved at>` */
  readonly text: string;
  readonly grams: number;
  readonly isOld: boolean;
}
interface HeldOffer {
  readonly recipient_id: string;
  readonly offer_id: string;
  readonly quantity_grams: string;
  readonly is_old: boolean;
}

/**
 * Compares all recipients with PostgreSQL, page by page: their tokens and days, which it mends, and whether all of them is there. Where
 * something stays missing nothing is believed any more, and all of it is counted anew (`keeper.ts`): who was lost and who was offered what
 * meanwhile can't be told apart.
 * @returns whether all is there
 */
export async function sweep(deps: SweepDependencies, generation: string, doubts: Doubts): Promise<boolean> {
  const nowMs = await redisTimeMs(deps.redis.client);
  const incomplete = new Map<string, string>();
  for (let after = ''; ;) {
    const { rows } = await deps.pool.query<Row>(
      `select r.recipient_id, r.active, r.fallback, r.lat, ${ORDERED_VERSION} as ordered_version
         from recipient r where r.recipient_id > $1 order by r.recipient_id limit ${String(PAGE_ROWS)}`,
      [after],
    );
    const last = rows.at(-1);
    if (last === undefined) break;
    const ids = rows.map((row) => row.recipient_id);
    const below = deps.keys.of(generation);
    // Days first: a collected offer's token is only taken away together with its day.
    await sweepDays(deps, below, ids, doubts.days);
    await sweepTokens(deps, below, ids, nowMs);
    for (const [id, version] of await incompleteOf(deps, rows)) incomplete.set(id, version);
    after = last.recipient_id;
  }
  const isWhole = ![...incomplete].some(([id, version]) => doubts.incomplete.get(id) === version);
  doubts.incomplete.clear();
  for (const [id, version] of incomplete) doubts.incomplete.set(id, version);
  if (!isWhole) await distrust(deps);
  return isWhole;
}

/** Of whom something is missing, and in which version. */
async function incompleteOf(deps: SweepDependencies, rows: readonly Row[]): Promise<[string, string][]> {
  const args = rows.flatMap((row) => [row.recipient_id, geoSetOf(row) ?? '-', row.ordered_version]);
  const found = new Set((await runMarked(deps.redis, deps.keys, INCOMPLETE, args)) as string[] | null);
  return rows
    .filter(({ recipient_id: id }) => found.has(id))
    .map(({ recipient_id: id, ordered_version: version }) => [id, version]);
}

async function distrust(deps: SweepDependencies): Promise<void> {
  if ((await runMarked(deps.redis, deps.keys, DROP_MARKER, [])) === 1) mended.inc({ what: 'index-distrusted' });
}

/** Tokens are read before offers: an old token without an offer then is nobody's; an old offer without a token has lost it. */
async function sweepTokens(
  deps: SweepDependencies,
  below: GenerationKeys,
  ids: readonly string[],
  nowMs: number,
): Promise<void> {
  const tokens = await tokensOf(deps.redis.client, below, ids, nowMs);
  const { rows } = await deps.pool.query<HeldOffer>(
    `select recipient_id, offer_id, quantity_grams, offered_at < now() - make_interval(secs => $2) as is_old
       from offer where recipient_id = any($1) and state in ('open', 'claimed')`,
    [ids, TOKEN_AGE_MS / 1000],
  );
  const offers = new Map(rows.map((row) => [row.offer_id, row]));
  const held = new Set(tokens.map((token) => `${token.recipientId} ${token.offerId}`));
  const old = tokens.filter((token) => token.isOld);
  const ownerless = old.filter((token) => offers.get(token.offerId)?.recipient_id !== token.recipientId);
  const resized = old.filter(
    (token) => !ownerless.includes(token) && Number(offers.get(token.offerId)?.quantity_grams) !== token.grams,
  );
  const lost = rows.filter((row) => row.is_old && !held.has(`${row.recipient_id} ${row.offer_id}`));
  const uncollected = await replayCollected(deps, ownerless);
  await mendTokens(
    deps,
    'token-freed',
    uncollected.map((token) => [token.recipientId, token.offerId, token.text, '-']),
  );
  await mendTokens(
    deps,
    'token-resized',
    resized.map((token) => [
      token.recipientId,
      token.offerId,
      token.text,
      offers.get(token.offerId)?.quantity_grams ?? '-',
    ]),
  );
  await mendTokens(
    deps,
    'token-restored',
    lost.map((row) => [row.recipient_id, row.offer_id, '', row.quantity_grams]),
  );
}

async function tokensOf(
  redis: Redis,
  below: GenerationKeys,
  ids: readonly string[],
  nowMs: number,
): Promise<HeldToken[]> {
  const maps = await Promise.all(ids.map((id) => redis.hgetall(below.tokens(id))));
  return maps.flatMap((map, i) =>
    Object.entries(map).map(([offerId, text]) => {
      const [grams, reservedAtMs] = text.split(':');
      return {
        recipientId: ids[i] ?? '',
        offerId,
        text,
        grams: Number(grams),
        isOld: nowMs - Number(reservedAtMs) > TOKEN_AGE_MS,
      };
    }),
  );
}

/** Ownerless tokens whose offer was collected: the call that said so was lost; it is made again. Returns the others. */
async function replayCollected(
  deps: SweepDependencies,
  ownerless: readonly HeldToken[],
): Promise<readonly HeldToken[]> {
  const places = ownerless.flatMap(({ offerId }) => placeOf(offerId, deps.regionLevel));
  if (places.length === 0) return ownerless;
  const { rows } = await deps.pool.query<{
    offer_id: string;
    recipient_id: string;
    quantity_grams: string;
    day: string;
  }>(
    `select o.offer_id, o.recipient_id, o.quantity_grams, (o.answered_at at time zone o.time_zone)::date::text as day
       from unnest($1::bigint[], $2::timestamptz[], $3::text[]) as k(region, posted_at, offer_id)
       join offer o on o.geo_region_id = k.region and o.posted_at = k.posted_at and o.offer_id = k.offer_id
      where o.state = 'collected'`,
    [places.map((each) => each.region), places.map((each) => each.postedAt), places.map((each) => each.offerId)],
  );
  const collected = rows.filter((row) =>
    ownerless.some((token) => token.offerId === row.offer_id && token.recipientId === row.recipient_id),
  );
  await tell(
    deps,
    COLLECTED,
    collected.map((row) =>
      collectedArguments({
        recipientId: row.recipient_id as Parameters<typeof collectedArguments>[0]['recipientId'],
        offerId: row.offer_id as Parameters<typeof collectedArguments>[0]['offerId'],
        quantityGrams: Number(row.quantity_grams),
        day: row.day,
      }),
    ),
  );
  mended.inc({ what: 'handover-counted' }, collected.length);
  return ownerless.filter(
    (token) => !collected.some((row) => row.offer_id === token.offerId && row.recipient_id === token.recipientId),
  );
}

function placeOf(
  offerId: string,
  regionLevel: number | undefined,
): { region: string; postedAt: string; offerId: string }[] {
  const parsed = parseOfferId(offerId);
  if (parsed === null) return [];
  const region = signedIdOf(regionOf(cellOf(parsed.lotId), regionLevel));
  return [{ region, postedAt: new Date(postedAtMsOf(parsed.lotId)).toISOString(), offerId }];
}

async function mendTokens(
  deps: SweepDependencies,
  what: string,
  changes: readonly (readonly string[])[],
): Promise<void> {
  const changed = await tell(deps, MEND_TOKENS, changes);
  if (changed > 0) mended.inc({ what }, changed);
}

async function sweepDays(
  deps: SweepDependencies,
  below: GenerationKeys,
  ids: readonly string[],
  doubts: Doubts['days'],
): Promise<void> {
  const { rows } = await deps.pool.query<{ recipient_id: string; day: string; grams: string }>(
    `select recipient_id, day::text, sum(collected_grams) as grams from recipient_day
      where recipient_id = any($1) and day >= current_date - 1 group by recipient_id, day`,
    [ids],
  );
  if (rows.length === 0) return;
  const counted = await Promise.all(
    rows.map((row) => deps.redis.client.hget(below.counters(row.recipient_id), row.day)),
  );
  const changes: string[][] = [];
  rows.forEach((row, i) => {
    const seen = counted[i] ?? '';
    const key = `${row.recipient_id} ${row.day}`;
    const doubt = `${seen} ${row.grams}`;
    if (Number(seen) === Number(row.grams)) doubts.delete(key);
    else if (doubts.get(key) === doubt) changes.push([row.recipient_id, row.day, seen, row.grams]);
    else doubts.set(key, doubt);
  });
  const changed = await tell(deps, MEND_DAYS, changes);
  if (changed > 0) mended.inc({ what: 'day-corrected' }, changed);
}

/** The answer of a script that counts; 0 when there is nothing to say, or the index is not ready. */
async function tell(
  deps: SweepDependencies,
  script: Script,
  changes: readonly (readonly (string | number)[])[],
): Promise<number> {
  let changed = 0;
  for (let from = 0; from < changes.length; from += PAGE_ROWS)
    changed += Number(
      (await runMarked(deps.redis, deps.keys, script, changes.slice(from, from + PAGE_ROWS).flat())) ?? 0,
    );
  return changed;
}
