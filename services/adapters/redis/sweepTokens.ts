import type { Redis } from 'ioredis';
import type pg from 'pg';
import { regionOf, signedIdOf } from '#core/geo/cell.ts';
import { localDay } from '#core/matching/hours.ts';
import { cellOf, parseOfferId, postedAtMsOf, type OfferId, type RecipientId } from '#core/words/ids.ts';
import { busyCells } from '../postgres/sql/busyCells.ts';
import { collectedArguments } from './candidates.ts';
import type { GenerationKeys } from './keys.ts';
import { mend, type SweepDependencies } from './mend.ts';
import { readableZone } from './readable.ts';
import { COLLECTED, MEND_TOKENS } from './scripts.ts';

/** A turn's write is refused 2 s after its start: a token this old without an open offer is nobody's, unless a write of its cell hangs. */
const TOKEN_AGE_MS = 10_000;

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

/** Tokens are read before offers: an old token without an offer then is nobody's; an old offer without a token has lost it. */
export async function sweepTokens(
  deps: SweepDependencies,
  below: GenerationKeys,
  ids: readonly string[],
  nowMs: number,
): Promise<void> {
  const tokens = await tokensOf(deps.redis.client, below, ids, nowMs);
  const offers = await heldOffers(deps.pool, ids);
  const held = new Set(tokens.map((token) => `${token.recipientId} ${token.offerId}`));
  const lost = [...offers.values()].filter((row) => row.is_old && !held.has(`${row.recipient_id} ${row.offer_id}`));
  await mend(
    deps,
    'token-restored',
    MEND_TOKENS,
    lost.map((row) => [row.recipient_id, row.offer_id, '', row.quantity_grams]),
  );
  const doubtful = tokens.filter((token) => token.isOld && gramsOffered(offers, token) !== token.grams);
  if (doubtful.length === 0) return;
  // A handover is final, whatever is being written; and the day that lacks it may be corrected by the next sweep.
  const uncollected = await replayCollected(deps, doubtful);
  await correct(deps, await notBeingWritten(deps, uncollected));
}

/** Tokens in whose cells nobody is writing: what is not there now does not come any more. */
async function correct(deps: SweepDependencies, tokens: readonly HeldToken[]): Promise<void> {
  if (tokens.length === 0) return;
  const offers = await heldOffers(deps.pool, [...new Set(tokens.map((token) => token.recipientId))]);
  const ownerless = tokens.filter((token) => gramsOffered(offers, token) === null);
  const resized = tokens.flatMap((token) => {
    const grams = gramsOffered(offers, token);
    return grams === null || grams === token.grams ? [] : [{ token, grams }];
  });
  await mend(
    deps,
    'token-freed',
    MEND_TOKENS,
    ownerless.map((token) => [token.recipientId, token.offerId, token.text, '-']),
  );
  await mend(
    deps,
    'token-resized',
    MEND_TOKENS,
    resized.map(({ token, grams }) => [token.recipientId, token.offerId, token.text, String(grams)]),
  );
}

async function heldOffers(pool: pg.Pool, ids: readonly string[]): Promise<Map<string, HeldOffer>> {
  const { rows } = await pool.query<HeldOffer>(
    `select recipient_id, offer_id, quantity_grams, offered_at < now() - make_interval(secs => $2) as is_old
       from offer where recipient_id = any($1) and state in ('open', 'claimed')`,
    [ids, TOKEN_AGE_MS / 1000],
  );
  return new Map(rows.map((row) => [row.offer_id, row]));
}

/** null: it is open or claimed for nobody, or for somebody else */
function gramsOffered(offers: ReadonlyMap<string, HeldOffer>, token: HeldToken): number | null {
  const offer = offers.get(token.offerId);
  return offer?.recipient_id === token.recipientId ? Number(offer.quantity_grams) : null;
}

/** A write that began in time and hangs (a stalled disk, a frozen session) may bring a token's offer however late. */
async function notBeingWritten(deps: SweepDependencies, tokens: readonly HeldToken[]): Promise<readonly HeldToken[]> {
  const places = tokens.map((token) => ({ token, place: placeOf(token.offerId, deps.regionLevel) }));
  const busy = new Set<string>();
  for (const [region, there] of Map.groupBy(places, ({ place }) => place?.region)) {
    if (region === undefined) continue;
    const cells = [...new Set(there.flatMap(({ place }) => (place === null ? [] : [place.cell])))];
    for (const cell of await busyCells(deps.pool, region, cells)) busy.add(cell);
  }
  return places.filter(({ place }) => place === null || !busy.has(place.cell)).map(({ token }) => token);
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
        // far ahead of Redis's clock: that was set back since
        isOld: Math.abs(nowMs - Number(reservedAtMs)) > TOKEN_AGE_MS,
      };
    }),
  );
}

interface CollectedOffer {
  readonly offer_id: OfferId;
  readonly recipient_id: RecipientId;
  readonly quantity_grams: string;
  readonly answered_at: Date;
  readonly time_zone: string;
}

/** Tokens whose offer was collected: the call that said so was lost; it is made again. Returns the others. */
async function replayCollected(deps: SweepDependencies, tokens: readonly HeldToken[]): Promise<readonly HeldToken[]> {
  const places = tokens.flatMap(({ offerId }) => placeOf(offerId, deps.regionLevel) ?? []);
  if (places.length === 0) return tokens;
  // Their day is worked out here, as the turn did: PostgreSQL knows other zones, and fails for all over one it doesn't know.
  const { rows } = await deps.pool.query<CollectedOffer>(
    `select o.offer_id, o.recipient_id, o.quantity_grams, o.answered_at, o.time_zone
       from unnest($1::bigint[], $2::timestamptz[], $3::text[]) as k(region, posted_at, offer_id)
       join offer o on o.geo_region_id = k.region and o.posted_at = k.posted_at and o.offer_id = k.offer_id
      where o.state = 'collected'`,
    [places.map((each) => each.region), places.map((each) => each.postedAt), places.map((each) => each.offerId)],
  );
  const collected = rows.filter((row) =>
    tokens.some((token) => token.offerId === row.offer_id && token.recipientId === row.recipient_id),
  );
  await mend(
    deps,
    'handover-counted',
    COLLECTED,
    collected.map((row) =>
      collectedArguments({
        recipientId: row.recipient_id,
        offerId: row.offer_id,
        quantityGrams: Number(row.quantity_grams),
        day: localDay(readableZone(row.time_zone), row.answered_at.getTime()),
      }),
    ),
  );
  return tokens.filter(
    (token) => !collected.some((row) => row.offer_id === token.offerId && row.recipient_id === token.recipientId),
  );
}

interface Place {
  /** signed ids */
  readonly region: string;
  readonly cell: string;
  readonly postedAt: string;
  readonly offerId: string;
}

function placeOf(offerId: string, regionLevel: number | undefined): Place | null {
  const parsed = parseOfferId(offerId);
  if (parsed === null) return null;
  const cell = cellOf(parsed.lotId);
  const region = signedIdOf(regionOf(cell, regionLevel));
  return {
    region,
    cell: signedIdOf(cell),
    postedAt: new Date(postedAtMsOf(parsed.lotId)).toISOString(),
    offerId,
  };
}
