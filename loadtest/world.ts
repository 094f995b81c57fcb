/** What is measured: a stack of its own with a seeded Jakarta, its donors signed in, and the two services it is compared with. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { connectBus, type Bus } from '#adapters/nats/bus.ts';
import { cellAt } from '#adapters/geo/s2.ts';
import { regionOf } from '#core/geo/cell.ts';
import { readable } from '../data/seed/hours.ts';
import { jakarta } from '../data/seed/jakarta.ts';
import { OUR_APPS, type App } from '../dev/stack/apps.ts';
import { endSignal, undoing, untilEnd } from '../dev/stack/ending.ts';
import { startStack, type Stack } from '../dev/stack/stack.ts';
import { CHECKOUT } from '../dev/stack/tools.ts';
import { sign } from './tokens.ts';

export interface Donor {
  readonly id: string;
  readonly cell: string;
  readonly region: string;
  readonly lat: number;
  readonly lon: number;
}

export interface World {
  readonly dir: string;
  readonly stack: Stack;
  /** the schema's owner: counts rows without the services' timeouts */
  readonly db: pg.Client;
  readonly bus: Bus;
  readonly donors: readonly Donor[];
  /** by donor id; signed anew by `signIn` */
  tokens: Map<string, string>;
  recipientTokens: Map<string, string>;
  signIn(): Promise<void>;
  stop(): Promise<void>;
}

const COMPARED: readonly App[] = [
  { kind: 'empty-actor', main: 'loadtest/emptyActor/main.ts', daprd: true, after: [] },
  { kind: 'baseline', main: 'loadtest/baseline/main.ts', daprd: false, after: ['migrate', 'redis', 'nats', 'issuer'] },
];

/** Nobody answers in a bench: offers of one scenario must not lapse into the next. */
const BENCH_ENV = { ACK_TIMEOUT_SECONDS: '3600', LOG_LEVEL: 'warn', ALLOW_LOCAL_PUSH: '1' };

/**
 * Recipients take everything at every hour and hardly fill up: the bench measures posts that get an offer, at any time of day.
 * Their number, places, categories and fairness stay as seeded.
 */
const WIDE_OPEN = `update recipient set capacity_grams = capacity_grams * 100000, daily_capacity_grams = daily_capacity_grams * 100000,
  hours = $1, updated_at = now() where not fallback`;

export interface WorldOptions {
  /** how many of a kind, where not one */
  readonly processes?: Readonly<Record<string, number>>;
  /** over what a bench tells our processes */
  readonly env?: Readonly<Record<string, string>>;
  /** over that, one of our processes by its name */
  readonly envOf?: (name: string) => Record<string, string>;
  /** false: only ours, without what it is compared with */
  readonly withCompared?: boolean;
  /** aborted while it starts: it is stopped, and startWorld throws. Whoever gives one stops the world at the end, too; else Ctrl-C does */
  readonly signal?: AbortSignal;
}

export async function startWorld(say: (line: string) => void, given: WorldOptions = {}): Promise<World> {
  if (given.signal !== undefined) return await start(say, given, given.signal);
  return await untilEnd(start(say, given, endSignal()));
}

async function start(say: (line: string) => void, given: WorldOptions, signal: AbortSignal): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-'));
  say('starting a stack of its own (no roads of Jakarta are built: travel times are estimates)');
  const undo: (() => unknown)[] = [() => rmSync(dir, { recursive: true, force: true })];
  const stop = undoing(undo);
  try {
    return await fill(dir, given, signal, undo, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function fill(
  dir: string,
  { processes = {}, env = {}, envOf = () => ({}), withCompared = true }: WorldOptions,
  signal: AbortSignal,
  undo: (() => unknown)[],
  stop: World['stop'],
): Promise<World> {
  const stack = await startStack({
    dir,
    processes: { valhalla: 0, ...processes },
    env: { ...BENCH_ENV, ...env },
    envOf,
    apps: withCompared ? [...OUR_APPS, ...COMPARED] : OUR_APPS,
    signal,
  });
  undo.push(() => stack.stop());
  const bus = await connectBus({ url: stack.env['NATS_URL'] ?? '', name: 'bench' });
  undo.push(() => bus.close());
  if (withCompared) await stack.process('baseline').stop();
  await promisify(execFile)(process.execPath, [join(CHECKOUT, 'data', 'seed.ts'), '--city', 'jakarta'], {
    env: { ...process.env, ...stack.env },
    signal,
  });
  const db = new pg.Client({ connectionString: stack.env['MIGRATION_DATABASE_URL'] });
  // Its server may be stopped under it; a query that is under way says so itself.
  db.on('error', () => undefined);
  undo.push(() => db.end().catch(() => undefined));
  await db.connect();
  await db.query(WIDE_OPEN, [JSON.stringify(readable('24/7'))]);
  await db.query('analyze donor, recipient, region');
  const donors = donorsOfJakarta();
  const world: World = { dir, stack, db, bus, donors, tokens: new Map(), recipientTokens: new Map(), signIn, stop };
  async function signIn(): Promise<void> {
    const ids = donors.map(({ id }) => id);
    world.tokens = await sign('donor', ids, stack.env);
    const recipients = jakarta().recipients.map(({ id }) => id);
    world.recipientTokens = await sign('recipient', recipients, stack.env);
  }
  await signIn();
  signal.throwIfAborted();
  return world;
}

function donorsOfJakarta(): Donor[] {
  return jakarta().donors.map(({ id, lat, lon }) => {
    const cell = cellAt({ lat, lon });
    return { id, lat, lon, cell, region: regionOf(cell) };
  });
}
