/** One campaign: a whole stack, load, faults, then quiet, then what is left. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { runErrands, type Errand } from './aftermath.ts';
import type { Client } from './client.ts';
import {
  readConsumers,
  readCounters,
  readDatabase,
  readStream,
  watchWrites,
  type Evidence,
  type Ledger,
} from './evidence.ts';
import { breakGround, type Ground } from './ground.ts';
import { inject, type Injected } from './inject.ts';
import { playLoad, type Donor } from './load.ts';
import { openHistory } from './operations.ts';
import { plantInDatabase, plantInProcesses, type Mutant } from './mutant.ts';
import { endOpen, waitForQuiet } from './quiet.ts';
import { drawSchedule, type Fault, type FaultKind } from './schedule.ts';
import { inTrueTime } from './trueTime.ts';
import { clientOf, crampHalf, listDonors, seedCity, untilMatching } from './stage.ts';

export interface CampaignOptions {
  readonly seed: string;
  readonly durationMs: number;
  readonly city: string;
  readonly postsPerSecond: number;
  /** everything it writes is in here */
  readonly dir: string;
  readonly say: (line: string) => void;
  /** after which an offer lapses; default: 6 */
  readonly ackSeconds?: number;
  /** which faults may be drawn; default: all */
  readonly kinds?: readonly FaultKind[];
  /** default: drawn from the seed */
  readonly schedule?: readonly Fault[];
  /** a bug to plant: the campaign must end badly */
  readonly mutant?: Mutant;
  /** how long it waits for quiet; default: two minutes */
  readonly quietWithinMs?: number;
}

export interface Campaign {
  readonly evidence: Evidence;
  readonly injected: readonly Injected[];
  /** from the last fault's end until nothing is overdue or unpublished; null: not in time */
  readonly quietAfterMs: number | null;
  /** played when it was quiet */
  readonly errands: readonly Errand[];
}

/** The issuer is the campaign's own tool; the migration has ended. */
const SPARED = new Set(['issuer', 'migrate']);
const QUIET_WITHIN_MS = 120_000;

export async function runCampaign(options: CampaignOptions): Promise<Campaign> {
  const { dir, say, mutant, quietWithinMs = QUIET_WITHIN_MS } = options;
  mkdirSync(join(dir, 'stack'), { recursive: true });
  const { ackSeconds = mutant?.ackSeconds } = options;
  const told = {
    ...(mutant === undefined ? {} : plantInProcesses(mutant)),
    ...(ackSeconds === undefined ? {} : { ACK_TIMEOUT_SECONDS: String(ackSeconds) }),
  };
  const log = openHistory(join(dir, 'history.jsonl'));
  const ground = await breakGround(join(dir, 'stack'), told);
  const { stack, urls } = ground;
  try {
    await seedCity(stack, options.city);
    await crampHalf(urls.database, options.seed);
    if (mutant !== undefined) await plantInDatabase(mutant, urls.database);
    await watchWrites(urls.database, urls.superuser);
    const client = clientOf(stack, log);
    const donors = await listDonors(client);
    await untilMatching(options.seed, client, donors);
    const injected = await underFire(options, ground, client, donors);
    // Without faults it is the load's end that counts.
    const lastFaultMs = injected.length === 0 ? Date.now() : Math.max(...injected.map(({ untilMs }) => untilMs));
    const quiet = { databaseUrl: urls.database, client, lastFaultMs, withinMs: quietWithinMs, say };
    const quietAfterMs = await waitForQuiet(quiet);
    const errands = await runErrands(options.seed, client, donors);
    await endOpen(quiet);
    return { evidence: await readEvidence(ground, client, injected), injected, quietAfterMs, errands };
  } finally {
    say('stopping');
    // Their folders may be small disks, which go with the campaign. In Redis's file counters can be followed to the gram.
    for (const kept of ['logs', 'redis'])
      spawnSync('cp', ['-r', join(dir, 'stack', kept), join(dir, kept)], { stdio: 'ignore' });
    await ground.stop();
    await log.close();
  }
}

async function underFire(
  options: CampaignOptions,
  ground: Ground,
  client: Client,
  donors: readonly Donor[],
): Promise<Injected[]> {
  const { seed, durationMs, postsPerSecond, say } = options;
  const processes = ground.stack
    .status()
    .map(({ name }) => name)
    .filter((name) => !SPARED.has(name));
  const schedule = options.schedule ?? drawSchedule(seed, durationMs, processes, options.kinds);
  const beganMs = performance.now();
  const isOver = (): boolean => performance.now() - beganMs > durationMs;
  const load = playLoad({ client, seed, donors, postsPerSecond, isOver });
  say(`load and ${String(schedule.length)} faults for ${String(durationMs / 1000)} s`);
  const [injected] = await Promise.all([Promise.all(schedule.map((fault) => at(beganMs, fault, ground))), load]);
  return injected;
}

async function at(beganMs: number, fault: Fault, ground: Ground): Promise<Injected> {
  await pause(Math.max(0, beganMs + fault.atMs - performance.now()));
  return await inject(ground, fault);
}

/** When the stream was emptied last, or lost its last messages, by us. */
function purgedAtMs(injected: readonly Injected[]): number {
  const emptying = injected.filter(({ fault: { kind } }) => kind === 'purge-stream' || kind === 'lose-tail');
  return Math.max(0, ...emptying.map(({ untilMs }) => untilMs));
}

/** By how much PostgreSQL's clock was off now and then. */
function jumpsOf(injected: readonly Injected[]): number[] {
  const jumps = injected.filter(({ fault }) => fault.kind === 'clock' && fault.targets.includes('postgres'));
  return jumps.map(({ fault }) => fault.by ?? 0);
}

async function readEvidence({ urls }: Ground, client: Client, injected: readonly Injected[]): Promise<Evidence> {
  const path = '/v1/stats';
  // It sums up every partition: on a busy machine not at the first try.
  const patience = { patienceMs: 180_000, tryTimeoutMs: 15_000 };
  const ask = { kind: 'read', role: 'operator', org: '', method: 'GET', path, key: '-', ...patience } as const;
  const stats = await client.perform(ask);
  if (stats.outcome !== 'ok') throw new Error(`GET ${path}: ${String(stats.status)} ${stats.problem}`);
  const counters = await readCounters(urls.redis);
  const rows = inTrueTime(await readDatabase(urls.database), jumpsOf(injected));
  const consumers = await readConsumers(urls.nats);
  const { stream, createdAtMs } = await readStream(urls.nats);
  const { operations, repeats } = client;
  const streamSinceMs = Math.max(createdAtMs, purgedAtMs(injected));
  const ledger = stats.answer as Ledger;
  return { operations, repeats, counters, ...rows, stream, streamSinceMs, consumers, ledger, takenAtMs: Date.now() };
}
