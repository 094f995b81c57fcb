import type { Redis } from 'ioredis';
import type { Token } from '#core/lots/tokens.ts';
import type { Recipient } from '#core/matching/candidate.ts';
import type { RedisConnection } from './connection.ts';
import { MAX_GEO_LATITUDE } from './candidates.ts';
import type { Keys } from './keys.ts';
import type { VersionedRecipient } from './recipients.ts';
import { runMarked } from './script.ts';
import { FIRST_OF_SET, PUT_FACTS, WRITTEN_EPOCH } from './scripts.ts';

/** Grams a recipient collected on one of its local days (YYYY-MM-DD). */
export interface DayGrams {
  readonly recipientId: string;
  readonly day: string;
  readonly grams: number;
}

/** Which GEO set a recipient belongs to; null: none (paused, or where Redis's map ends). */
export function geoSetOf({
  active,
  fallback,
  lat,
}: Pick<Recipient, 'active' | 'fallback' | 'lat'>): 'geo' | 'fallback' | null {
  if (!active || Math.abs(lat) > MAX_GEO_LATITUDE) return null;
  return fallback ? 'fallback' : 'geo';
}

/** Before anybody is in them, and once: what is lost later on must show. */
export async function beginSets(redis: Redis, keys: Keys, generation: string): Promise<void> {
  const { geo, fallback } = keys.of(generation);
  const { id, lon, lat } = FIRST_OF_SET;
  await executed(redis.pipeline().geoadd(geo, lon, lat, id).geoadd(fallback, lon, lat, id));
}

/** Writes recipients into a generation that nobody reads yet. */
export async function fillRecipients(
  redis: Redis,
  keys: Keys,
  generation: string,
  recipients: readonly VersionedRecipient[],
): Promise<void> {
  const below = keys.of(generation);
  const pipeline = redis.pipeline();
  for (const each of recipients) {
    const { recipientId, lon, lat } = each.recipient;
    pipeline.set(below.facts(recipientId), JSON.stringify(each.recipient));
    pipeline.hset(below.counters(recipientId), 'v', each.version);
    const set = geoSetOf(each.recipient);
    if (set !== null) pipeline.geoadd(below[set], lon, lat, recipientId);
  }
  await executed(pipeline);
}

/** @param reservedAtMs Redis's time, unix ms */
export async function fillTokens(
  redis: Redis,
  keys: Keys,
  generation: string,
  tokens: readonly Token[],
  reservedAtMs: string,
): Promise<void> {
  const below = keys.of(generation);
  const pipeline = redis.pipeline();
  for (const { recipientId, offerId, quantityGrams } of tokens) {
    pipeline.hset(
      below.tokens(recipientId),
      offerId,
      `${String(quantityGrams)}:${reservedAtMs}:${String(WRITTEN_EPOCH)}`,
    );
    pipeline.hincrby(below.counters(recipientId), 'open', quantityGrams);
  }
  await executed(pipeline);
}

export async function fillDays(redis: Redis, keys: Keys, generation: string, days: readonly DayGrams[]): Promise<void> {
  const pipeline = redis.pipeline();
  for (const { recipientId, day, grams } of days) pipeline.hset(keys.of(generation).counters(recipientId), day, grams);
  await executed(pipeline);
}

/** Changes what is known of recipients in the generation that is read; nothing while a rebuild is due (it reads them anyway). */
export async function putRecipients(
  redis: RedisConnection,
  keys: Keys,
  recipients: readonly VersionedRecipient[],
): Promise<void> {
  for (let from = 0; from < recipients.length; from += 100) {
    const args = recipients
      .slice(from, from + 100)
      .flatMap((each) => [
        each.recipient.recipientId,
        each.version,
        JSON.stringify(each.recipient),
        geoSetOf(each.recipient) ?? '-',
        each.recipient.lon,
        each.recipient.lat,
      ]);
    await runMarked(redis, keys, PUT_FACTS, args);
  }
}

/** @throws the first error of any of its commands */
async function executed(pipeline: ReturnType<Redis['pipeline']>): Promise<void> {
  if (pipeline.length === 0) return;
  const results = await pipeline.exec();
  for (const [error] of results ?? []) if (error !== null) throw error;
}
