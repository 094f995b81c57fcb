import { performance } from 'node:perf_hooks';
import type { Clock } from '#cell/ports.ts';
import type { Pool } from './pool.ts';

const RESAMPLE_MS = 10_000;

export interface DatabaseClock extends Clock {
  /** Asks PostgreSQL now; keeps the old offset when it cannot be asked. */
  sample(): Promise<void>;
  stop(): void;
}

/** PostgreSQL's time, carried on by the monotonic clock: a jump of this machine's clock changes nothing. */
export async function createDatabaseClock(pool: Pool): Promise<DatabaseClock> {
  let offsetMs = await offsetOf(pool);
  const sample = async (): Promise<void> => {
    try {
      offsetMs = await offsetOf(pool);
    } catch {
      // PostgreSQL is away: so is every write; the monotonic clock carries on.
    }
  };
  const timer = setInterval(() => void sample(), RESAMPLE_MS);
  timer.unref();
  return { nowMs: () => Math.floor(performance.now() + offsetMs), sample, stop: () => clearInterval(timer) };
}

/** PostgreSQL's unix time minus ours, in ms, taking the answer to be from the middle of the round trip. */
async function offsetOf(pool: Pool): Promise<number> {
  const client = await pool.connect();
  try {
    const askedMs = performance.now();
    const { rows } = await client.query<{ now_ms: number }>(
      'select extract(epoch from clock_timestamp())::float8 * 1000 as now_ms',
    );
    const answeredMs = performance.now();
    const nowMs = rows[0]?.now_ms;
    if (nowMs === undefined) throw new Error('PostgreSQL told no time');
    return nowMs - (askedMs + answeredMs) / 2;
  } finally {
    client.release();
  }
}
