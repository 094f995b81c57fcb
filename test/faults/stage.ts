/** A whole stack with a city in it, and people who ask: what a campaign, and the measure of a failover, play on. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { keyOf } from '../../dev/simulate/random.ts';
import type { Stack } from '../../dev/stack/stack.ts';
import { createClient, type Ask, type Client } from './client.ts';
import type { Donor } from './load.ts';
import type { HistoryLog } from './operations.ts';
import { withDatabase } from './withDatabase.ts';

export const PROCESSES = { 'actor-host': 2, api: 2, relay: 2, worker: 2 };

export const SETTINGS = {
  RATE_LIMIT_DONOR: '100000',
  RATE_LIMIT_RECIPIENT: '100000',
  RATE_LIMIT_OPERATOR: '100000',
  // what nobody answers lapses within the campaign
  ACK_TIMEOUT_SECONDS: '6',
};

export async function seedCity(stack: Stack, city: string): Promise<void> {
  const seed = join(import.meta.dirname, '../../data/seed.ts');
  await promisify(execFile)(process.execPath, [seed, '--city', city], { env: { ...process.env, ...stack.env } });
}

/** Half of the recipients, drawn from the seed, have room for two posts or three, and for five a day: a law of capacity needs somebody who is full. */
const CRAMP = `update recipient set capacity_grams = least(capacity_grams, 3000), daily_capacity_grams = least(daily_capacity_grams, 8000),
  version = version + 1, updated_at = clock_timestamp() where not fallback and get_byte(sha256(convert_to(recipient_id || $1, 'UTF8')), 0) < 128`;

/** @param databaseUrl as the schema's owner */
export async function crampHalf(databaseUrl: string, seed: string): Promise<void> {
  await withDatabase(databaseUrl, async (client) => {
    await client.query(CRAMP, [seed]);
    // In an hour a city has had all that it takes in a day, and what nobody has room for rightly waits.
    await client.query(
      `update recipient set daily_capacity_grams = 100 * daily_capacity_grams where daily_capacity_grams > 8000 and not fallback`,
    );
    // Before dawn food rightly waits for who opens: a campaign's laws are the same at any hour.
    await client.query(`update recipient set hours = '[[0, 10080]]', version = version + 1, updated_at = now()`);
  });
}

/** Asks over both APIs. */
export function clientOf(stack: Stack, log: HistoryLog): Client {
  const apiUrls = ['api', 'api-2'].map((name) => `http://127.0.0.1:${String(stack.ports[name])}`);
  return createClient(apiUrls, stack.env['JWT_ISSUER_URL'] ?? '', log);
}

export async function listDonors(client: Client): Promise<Donor[]> {
  const path = '/v1/donors?limit=100';
  const page = await client.perform({ kind: 'read', role: 'operator', org: '', method: 'GET', path, key: '-' });
  if (page.outcome !== 'ok') throw new Error(`GET ${path}: ${String(page.status)} ${page.problem}`);
  return (page.answer as { items: Donor[] }).items;
}

/** A post of half a kilogram that keeps for three hours. */
export function plainPost(donor: string, key: string): Ask {
  const safeUntil = new Date(Date.now() + 3 * 3_600_000).toISOString();
  const body = { category: 'bakery', storage: 'ambient', quantityGrams: 500, safeUntil, note: key };
  return { kind: 'post', role: 'donor', org: donor, method: 'POST', path: '/v1/surplus', key, body, grams: 500 };
}

/** The candidates follow the seed within a second or so: until then nobody is near. */
export async function untilMatching(seed: string, client: Client, donors: readonly Donor[]): Promise<void> {
  const donor = donors[0]?.id ?? '';
  const deadlineMs = performance.now() + 60_000;
  for (let n = 0; performance.now() < deadlineMs; n++) {
    const posted = await client.perform(plainPost(donor, keyOf(seed, 'warm up', n)));
    if (posted.outcome === 'ok' && (posted.answer as { offer: unknown }).offer !== null) return;
    await pause(500);
  }
  throw new Error('no post was offered to anybody within a minute: nothing to put under fire');
}
