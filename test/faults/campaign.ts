/** One campaign: a whole stack, load, faults, then quiet, then what is left. */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { keyOf } from '../../dev/simulate/random.ts';
import { startStack, type Stack } from '../../dev/stack/stack.ts';
import { createClient, type Client } from './client.ts';
import { readDatabase, readStream, watchEpochs, type Evidence, type Ledger } from './evidence.ts';
import { inject, type Injected } from './inject.ts';
import { cancelOf, playLoad, type Donor } from './load.ts';
import { plantMutant } from './mutant.ts';
import { openHistory } from './operations.ts';
import { drawSchedule, type Fault } from './schedule.ts';

export interface CampaignOptions {
  readonly seed: string;
  readonly durationMs: number;
  readonly city: string;
  readonly postsPerSecond: number;
  /** everything it writes is in here */
  readonly dir: string;
  readonly say: (line: string) => void;
  /** default: drawn from the seed */
  readonly schedule?: readonly Fault[];
  /** a bug to plant (mutant.ts): the campaign must end badly */
  readonly mutant?: string;
}

export interface Campaign {
  readonly evidence: Evidence;
  readonly injected: readonly Injected[];
  /** from the last fault's end until nothing is overdue or unpublished; null: not within two minutes */
  readonly quietAfterMs: number | null;
}

const PROCESSES = { 'actor-host': 2, api: 2, relay: 2, worker: 2 };
const SETTINGS = {
  RATE_LIMIT_DONOR: '100000',
  RATE_LIMIT_RECIPIENT: '100000',
  RATE_LIMIT_OPERATOR: '100000',
  // what nobody answers lapses within the campaign
  ACK_TIMEOUT_SECONDS: '6',
};
/** The issuer is the campaign's own tool; the migration has ended. */
const SPARED = new Set(['issuer', 'migrate']);
const QUIET_WITHIN_MS = 120_000;

export async function runCampaign(options: CampaignOptions): Promise<Campaign> {
  const { dir, say } = options;
  mkdirSync(dir, { recursive: true });
  const log = openHistory(join(dir, 'history.jsonl'));
  const stack = await startStack({ dir: join(dir, 'stack'), processes: PROCESSES, env: SETTINGS });
  try {
    await seedCity(stack, options.city);
    if (options.mutant !== undefined) await plantMutant(options.mutant, stack.env['MIGRATION_DATABASE_URL'] ?? '');
    await watchEpochs(stack.env['MIGRATION_DATABASE_URL'] ?? '');
    const apiUrls = ['api', 'api-2'].map((name) => `http://127.0.0.1:${String(stack.ports[name])}`);
    const client = createClient(apiUrls, stack.env['JWT_ISSUER_URL'] ?? '', log);
    const donors = await listDonors(client);
    await untilMatching(options, client, donors);
    const injected = await underFire(options, stack, client, donors);
    const quietAfterMs = await settle(options, stack, client, injected);
    return { evidence: await readEvidence(stack, client), injected, quietAfterMs };
  } finally {
    say('stopping');
    await stack.stop();
    await log.close();
  }
}

async function seedCity(stack: Stack, city: string): Promise<void> {
  const seed = join(import.meta.dirname, '../../data/seed.ts');
  await promisify(execFile)(process.execPath, [seed, '--city', city], { env: { ...process.env, ...stack.env } });
}

async function listDonors(client: Client): Promise<Donor[]> {
  const path = '/v1/donors?limit=100';
  const page = await client.perform({ kind: 'read', role: 'operator', org: '', method: 'GET', path, key: '-' });
  if (page.outcome !== 'ok') throw new Error(`GET ${path}: ${String(page.status)} ${page.problem}`);
  return (page.answer as { items: Donor[] }).items;
}

/** The candidates follow the seed within a second or so: until then nobody is near. */
async function untilMatching({ seed }: CampaignOptions, client: Client, donors: readonly Donor[]): Promise<void> {
  const donor = donors[0]?.id ?? '';
  const deadlineMs = performance.now() + 60_000;
  for (let n = 0; performance.now() < deadlineMs; n++) {
    const key = keyOf(seed, 'warm up', n);
    const safeUntil = new Date(Date.now() + 3 * 3_600_000).toISOString();
    const body = { category: 'bakery', storage: 'ambient', quantityGrams: 500, safeUntil, note: key };
    const path = '/v1/surplus';
    const ask = { kind: 'post', role: 'donor', org: donor, method: 'POST', path, key, body, grams: 500 } as const;
    const posted = await client.perform(ask);
    if (posted.outcome === 'ok' && (posted.answer as { offer: unknown }).offer !== null) return;
    await pause(500);
  }
  throw new Error('no post was offered to anybody within a minute: nothing to put under fire');
}

async function underFire(
  options: CampaignOptions,
  stack: Stack,
  client: Client,
  donors: readonly Donor[],
): Promise<Injected[]> {
  const { seed, durationMs, postsPerSecond, say } = options;
  const processes = stack
    .status()
    .map(({ name }) => name)
    .filter((name) => !SPARED.has(name));
  const schedule = options.schedule ?? drawSchedule(seed, durationMs, processes);
  const beganMs = performance.now();
  const isOver = (): boolean => performance.now() - beganMs > durationMs;
  const load = playLoad({ client, seed, donors, postsPerSecond, isOver });
  say(`load and ${String(schedule.length)} faults for ${String(durationMs / 1000)} s`);
  const [injected] = await Promise.all([Promise.all(schedule.map((fault) => at(beganMs, fault, stack))), load]);
  return injected;
}

async function at(beganMs: number, fault: Fault, stack: Stack): Promise<Injected> {
  await pause(Math.max(0, beganMs + fault.atMs - performance.now()));
  return await inject(stack, fault);
}

/** Waits until nothing is overdue, ends what is still open, and waits again. */
async function settle(
  { say }: CampaignOptions,
  stack: Stack,
  client: Client,
  injected: readonly Injected[],
): Promise<number | null> {
  const lastMs = Math.max(0, ...injected.map(({ untilMs }) => untilMs));
  const url = stack.env['MIGRATION_DATABASE_URL'] ?? '';
  say('waiting for quiet');
  const isQuiet = await untilQuiet(url);
  const quietAfterMs = isQuiet ? Date.now() - lastMs : null;
  const open = await ask<{ root: string; donor: string }>(
    url,
    'select distinct root_id as root, donor_id as donor from lot where ended_at is null',
  );
  say(`ending ${String(open.length)} posts that are still open`);
  for (const { root, donor } of open) await client.perform(cancelOf(donor, root, `end-${root}`));
  await untilQuiet(url);
  return quietAfterMs;
}

const WORK_LEFT = `select (select count(*) from lot where next_action_at < now() - interval '2 seconds')::int as overdue,
  (select count(*) from outbox where published_at is null)::int as unpublished`;

/** Nothing overdue or unpublished in two looks, a second apart. */
async function untilQuiet(url: string): Promise<boolean> {
  const deadlineMs = performance.now() + QUIET_WITHIN_MS;
  for (let quiet = 0; performance.now() < deadlineMs;) {
    const [left] = await ask<{ overdue: number; unpublished: number }>(url, WORK_LEFT).catch(() => []);
    quiet = left?.overdue === 0 && left.unpublished === 0 ? quiet + 1 : 0;
    if (quiet === 2) return true;
    await pause(1_000);
  }
  return false;
}

async function ask<Row>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows as Row[];
  } finally {
    await client.end();
  }
}

async function readEvidence(stack: Stack, client: Client): Promise<Evidence> {
  const path = '/v1/stats';
  const stats = await client.perform({ kind: 'read', role: 'operator', org: '', method: 'GET', path, key: '-' });
  if (stats.outcome !== 'ok') throw new Error(`GET ${path}: ${String(stats.status)} ${stats.problem}`);
  const rows = await readDatabase(stack.env['MIGRATION_DATABASE_URL'] ?? '');
  const stream = await readStream(stack.env['NATS_URL'] ?? '');
  const { operations, repeats } = client;
  return { operations, repeats, ...rows, ...stream, ledger: stats.answer as Ledger, takenAtMs: Date.now() };
}
