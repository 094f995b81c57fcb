import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '#cell/ports.ts';
import { withinMs } from '../timing/withinMs.ts';
import type { Pool } from './pool.ts';

const RESAMPLE_MS = 10_000;
const FIRST_RETRY_MS = 250;
/** An answer that took so long says when it was about to that: less than anybody's time is counted in. */
const CLOSE_MS = 100;
/** At the start so many may be further off, and the best is taken. */
const FIRST_TRIES = 5;

/** Between which PostgreSQL's unix time minus ours must be, by one answer of its: sent before and heard after. ms */
interface Bounds {
  readonly leastMs: number;
  readonly mostMs: number;
}

export interface DatabaseClock extends Clock {
  /** Asks PostgreSQL now, once for all who ask meanwhile; keeps the old offset when it cannot be asked. */
  sample(): Promise<void>;
  stop(): void;
}

/**
 * PostgreSQL's time, carried on by the monotonic clock: a jump of this machine's clock changes nothing. PostgreSQL's own may jump, at a failover to a server with
 * another clock: who is refused for the time asks anew.
 * @param patienceMs how long it waits for PostgreSQL's; then this machine's goes until there is one. Default: as long as it takes
 */
export async function createDatabaseClock(pool: Pool, patienceMs: number | null = null): Promise<DatabaseClock> {
  let offsetMs = Date.now() - performance.now();
  const known = firstOffsetOf(pool).then((ms) => void (offsetMs = ms));
  await (patienceMs === null ? known : withinMs(patienceMs, known, () => undefined));
  let asked: Promise<void> | undefined;
  const ask = async (): Promise<void> => {
    try {
      // Who was held up for seconds may have answered at their end: what is known is better, as long as it may be so.
      const bounds = await boundsOf(pool);
      if (widthOf(bounds) <= CLOSE_MS || offsetMs < bounds.leastMs || offsetMs > bounds.mostMs)
        offsetMs = middleOf(bounds);
    } catch {
      // PostgreSQL is away: so is every write; the monotonic clock carries on.
    } finally {
      asked = undefined;
    }
  };
  const sample = (): Promise<void> => (asked ??= ask());
  const timer = setInterval(() => void sample(), RESAMPLE_MS);
  timer.unref();
  return { nowMs: () => Math.floor(performance.now() + offsetMs), sample, stop: () => clearInterval(timer) };
}

/** A process that ends because PostgreSQL is away is started again later and later: it comes back long after PostgreSQL. */
async function firstOffsetOf(pool: Pool): Promise<number> {
  let best: Bounds | null = null;
  for (let told = 0; best === null || (widthOf(best) > CLOSE_MS && told < FIRST_TRIES);) {
    try {
      const bounds = await boundsOf(pool);
      told++;
      if (best === null || widthOf(bounds) < widthOf(best)) best = bounds;
    } catch {
      await pause(FIRST_RETRY_MS);
    }
  }
  return middleOf(best);
}

function widthOf({ leastMs, mostMs }: Bounds): number {
  return mostMs - leastMs;
}

function middleOf({ leastMs, mostMs }: Bounds): number {
  return (leastMs + mostMs) / 2;
}

async function boundsOf(pool: Pool): Promise<Bounds> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    const askedMs = performance.now();
    const { rows } = await client.query<{ now_ms: number }>(
      'select extract(epoch from clock_timestamp())::float8 * 1000 as now_ms',
    );
    const answeredMs = performance.now();
    const nowMs = rows[0]?.now_ms;
    if (nowMs === undefined) throw new Error('PostgreSQL told no time');
    return { leastMs: nowMs - answeredMs, mostMs: nowMs - askedMs };
  } catch (error) {
    broken = error as Error;
    throw error;
  } finally {
    client.release(broken);
  }
}
