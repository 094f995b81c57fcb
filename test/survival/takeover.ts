/**
 * `make takeover KILLS=20 HANGS=20 SEED=…` (R5): a cell's owner and its sidecar are killed (kill -9), or hang (SIGSTOP); how long
 * until the same cell takes a post again. Exit code 1: once it took 5 s or more, or a lot was written by two.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { startWorld, type Donor } from '../../loadtest/world.ts';
import { createDice } from '../../dev/simulate/random.ts';
import { createBalancer } from './balancer.ts';
import { openLedger } from './ledger.ts';
import { numberSetting, say, seed } from './setting.ts';
import { keepTokens } from '../../dev/issuer/tokens.ts';

type Fault = 'kill' | 'hang';

const GOAL_MS = 5_000;
const GIVE_UP_MS = 30_000;
const ASK_EVERY_MS = 50;
const HOSTS = ['actor-host', 'actor-host-2'];
/** A hung host wakes up while its successor works, and shows whether it still writes. */
const AWAKE_MS = 2_000;
/** Both hosts have cells again before the next one is hurt. */
const SETTLE_MS = 4_000;

const counts: Record<Fault, number> = { kill: numberSetting('KILLS', 20, 0), hang: numberSetting('HANGS', 20, 0) };
if (counts.kill + counts.hang < 1) throw new Error('KILLS and HANGS: at least one of them');
say(`seed ${seed}: ${String(counts.kill)} kills, ${String(counts.hang)} hangs`);
const world = await startWorld(say, {
  processes: { 'actor-host': HOSTS.length },
  env: { RATE_LIMIT_DONOR: '100000' },
  withCompared: false,
});
const { stack, donors } = world;
const balancer = createBalancer([stack.ports['api'] ?? 0]);
const ledger = openLedger(stack.env['MIGRATION_DATABASE_URL'] ?? '');
const tokens = keepTokens(stack.env['JWT_ISSUER_URL'] ?? '');
const dice = createDice(seed);
let posts = 0;
let isMissed: boolean;
try {
  const results: Record<Fault, number[]> = { kill: [], hang: [] };
  for (const fault of ['kill', 'hang'] as const) {
    for (let n = 0; n < counts[fault]; n++) {
      const donor = donors[Math.floor(dice(fault, n) * donors.length)];
      if (donor !== undefined) results[fault].push(await silence(fault, donor));
    }
  }
  const conflicts = await ledger.conflicts();
  for (const fault of ['kill', 'hang'] as const) tell(fault, results[fault]);
  say(`R5, R3: lots written by two: ${String(conflicts)} (goal 0)`);
  isMissed = conflicts > 0 || [...results.kill, ...results.hang].some((ms) => ms >= GOAL_MS);
} finally {
  await ledger.close();
  await balancer.close();
  await world.stop();
}
process.exit(isMissed ? 1 : 0);

function tell(fault: Fault, tookMs: readonly number[]): void {
  if (tookMs.length === 0) return;
  const sorted = [...tookMs].sort((one, other) => one - other);
  const p50 = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  say(
    `R5 ${fault}: ${String(sorted.length)} times, first success on the same cell p50 ${p50.toFixed(0)} ms, ` +
      `max ${(sorted.at(-1) ?? Number.NaN).toFixed(0)} ms (goal < ${String(GOAL_MS)})`,
  );
}

async function post(donor: Donor): Promise<number> {
  const safeUntil = new Date(Date.now() + 3 * 3_600_000).toISOString();
  const body = { category: 'bakery', quantityGrams: 500, storage: 'ambient', safeUntil };
  const authorization = `Bearer ${await tokens.of('donor', donor.id)}`;
  const headers = { authorization, 'idempotency-key': `${seed}-${String(posts++)}` };
  return (await balancer.send({ method: 'POST', path: '/v1/surplus', headers, body })).status;
}

/** @returns ms from the fault to the first good answer to a post that was sent after it */
async function silence(fault: Fault, donor: Donor): Promise<number> {
  while ((await post(donor)) !== 201) await pause(ASK_EVERY_MS);
  const before = await ledger.ownerOf(donor.cell);
  const host = HOSTS.find((name) => before?.owner === `actor-host/${String(stack.process(name).pid)}`);
  if (before === null || host === undefined) throw new Error(`${donor.cell} has no owner among the hosts`);
  const parts = [host, `${host}.daprd`];
  for (const part of parts) stack.process(part).kill(fault === 'kill' ? 'SIGKILL' : 'SIGSTOP');
  const tookMs = await firstSuccess(donor);
  const after = await ledger.ownerOf(donor.cell);
  if (after === null || after.epoch <= before.epoch) throw new Error('a new owner without a new epoch');
  if (fault === 'hang') {
    await pause(AWAKE_MS);
    for (const part of parts) stack.process(part).kill('SIGCONT');
    await Promise.all(Array.from({ length: 10 }, () => post(donor)));
  }
  for (const part of parts) await stack.process(part).ready();
  await pause(SETTLE_MS);
  say(`${fault} ${host}: ${tookMs.toFixed(0)} ms, epoch ${String(before.epoch)} → ${String(after.epoch)}`);
  return tookMs;
}

async function firstSuccess(donor: Donor): Promise<number> {
  const startedMs = performance.now();
  let tookMs: number | null = null;
  const asked: Promise<void>[] = [];
  while (tookMs === null && performance.now() - startedMs < GIVE_UP_MS) {
    asked.push(
      post(donor).then((status) => {
        if (status === 201) tookMs ??= performance.now() - startedMs;
      }),
    );
    await pause(ASK_EVERY_MS);
  }
  await Promise.all(asked);
  return tookMs ?? Number.POSITIVE_INFINITY;
}
