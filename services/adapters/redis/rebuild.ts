import type { Redis } from 'ioredis';
import type pg from 'pg';
import type { Token } from '#core/lots/tokens.ts';
import { beginSets, fillDays, fillRecipients, fillTokens, type DayGrams } from './fill.ts';
import type { Keys } from './keys.ts';
import { allRecipients, databaseTime } from './recipients.ts';

const PAGE_ROWS = 5_000;

export interface Rebuilt {
  readonly generation: string;
  /** PostgreSQL's time before the first row was read: changes since then must be asked for */
  readonly startedAt: string;
  readonly recipients: number;
  readonly tokens: number;
}

/**
 * Recounts a whole generation from PostgreSQL. Offers are read before days: a handover between the two is then counted
 * as a token or as both, never as neither. New offers can't come in meanwhile: nobody reserves without the marker.
 * @param stillOurs called between pages; throws when another keeper took over
 */
export async function rebuild(
  pool: pg.Pool,
  redis: Redis,
  keys: Keys,
  stillOurs: () => Promise<void>,
): Promise<Rebuilt> {
  const startedAt = await databaseTime(pool);
  const generation = await nextGeneration(pool);
  // First: there is room for one, and a recount that fails leaves a part of it each time.
  await dropOlderGenerations(redis, keys, generation, stillOurs);
  const reservedAtMs = String(await redisTimeMs(redis));
  let tokens = 0;
  for await (const page of heldTokens(pool)) {
    await stillOurs();
    await fillTokens(redis, keys, generation, page, reservedAtMs);
    tokens += page.length;
  }
  for await (const page of collectedDays(pool)) {
    await stillOurs();
    await fillDays(redis, keys, generation, page);
  }
  let recipients = 0;
  await beginSets(redis, keys, generation);
  for await (const page of allRecipients(pool)) {
    await stillOurs();
    await fillRecipients(redis, keys, generation, page);
    recipients += page.length;
  }
  return { generation, startedAt, recipients, tokens };
}

/** Never one that was: PostgreSQL counts them, for Redis may lose its count and keep what an older generation left. */
async function nextGeneration(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ generation: string }>(`select nextval('candidate_generation') as generation`);
  const [row] = rows;
  if (row === undefined) throw new Error('PostgreSQL gave no generation');
  return row.generation;
}

/** Redis's clock, unix ms. */
export async function redisTimeMs(redis: Redis): Promise<number> {
  const [seconds, microseconds] = await redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
}

/** The tokens of all open and claimed offers, across regions (off the hot path), by the partial index on recipients. */
async function* heldTokens(pool: pg.Pool): AsyncGenerator<readonly Token[]> {
  for (let after: readonly [string, string] = ['', '']; ;) {
    const { rows } = await pool.query<{ recipient_id: string; offer_id: string; quantity_grams: string }>(
      `select recipient_id, offer_id, quantity_grams from offer
        where state in ('open', 'claimed') and (recipient_id, offer_id) > ($1, $2)
        order by recipient_id, offer_id limit ${String(PAGE_ROWS)}`,
      [...after],
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map((row) => tokenOf(row));
    after = [last.recipient_id, last.offer_id];
  }
}

export function tokenOf(row: { recipient_id: string; offer_id: string; quantity_grams: string }): Token {
  return {
    recipientId: row.recipient_id as Token['recipientId'],
    offerId: row.offer_id as Token['offerId'],
    quantityGrams: Number(row.quantity_grams),
  };
}

/** Grams per recipient and local day of the last week (a day more for the zones ahead), summed over regions. */
async function* collectedDays(pool: pg.Pool): AsyncGenerator<readonly DayGrams[]> {
  for (let after: readonly [string, string] = ['', '0001-01-01']; ;) {
    const { rows } = await pool.query<{ recipient_id: string; day: string; grams: string }>(
      `select recipient_id, day::text, sum(collected_grams) as grams from recipient_day
        where day >= current_date - 8 and (recipient_id, day) > ($1, $2::date)
        group by recipient_id, day order by recipient_id, day limit ${String(PAGE_ROWS)}`,
      [...after],
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map((row) => ({ recipientId: row.recipient_id, day: row.day, grams: Number(row.grams) }));
    after = [last.recipient_id, last.day];
  }
}

/** Without a marker nobody reads them; a PostgreSQL that lost its last numbers may give one again. Of a newer one, by who took over meanwhile, nothing goes. */
async function dropOlderGenerations(
  redis: Redis,
  keys: Keys,
  generation: string,
  stillOurs: () => Promise<void>,
): Promise<void> {
  const older = new RegExp(`^${keys.root.replace(/[{}.]/g, '\\$&')}:(\\d+):`);
  for (let cursor = '0'; ;) {
    await stillOurs();
    const [next, found] = await redis.scan(cursor, 'MATCH', `${keys.root}:*`, 'COUNT', 1_000);
    const dead = found.filter((key) => Number(older.exec(key)?.[1] ?? Infinity) <= Number(generation));
    if (dead.length > 0) await redis.unlink(...dead);
    if (next === '0') return;
    cursor = next;
  }
}
