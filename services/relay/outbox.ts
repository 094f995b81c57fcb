/** The outbox, of which relays read and mark many regions in one statement. */
import type { Pool } from 'pg';
import { createLimit } from '#adapters/batching/limit.ts';
import { askByGroup, createGroups } from '#adapters/postgres/groups.ts';
import { markPublished } from '#adapters/postgres/sql/markPublished.ts';
import { readOutbox, type OutboxRow } from '#adapters/postgres/sql/readOutbox.ts';
import { readOvertaken } from '#adapters/postgres/sql/readOvertaken.ts';
import type { Outbox } from './relayBatch.ts';

/** How long the first region waits for others; where each is by itself (Citus), so many statements of a kind at once. */
const LIMITS = { maxInFlight: 4, maxBatch: 64, lingerMs: 5 } as const;
/** Connections that regions by themselves take at most: some are left for the slots' lease. */
const APART = 6;

interface Due {
  readonly region: string;
  readonly limit: number;
}

interface Mark {
  readonly region: string;
  readonly rows: readonly OutboxRow[];
}

export function createOutbox(pool: Pool): Outbox {
  const groups = createGroups(pool);
  const due = askByGroup(groups, LIMITS, (asked: readonly Due[]) =>
    readOutbox(
      pool,
      asked.map(({ region }) => region),
      Math.max(...asked.map(({ limit }) => limit)),
    ),
  );
  const mark = askByGroup(groups, LIMITS, async (marks: readonly Mark[]): Promise<void[]> => {
    await markPublished(
      pool,
      marks.map(({ region }) => region),
      marks.flatMap(({ rows }) => rows),
    );
    return [];
  });
  /** whose last batch was full: the next needs no company, and apart one region is published while another is read or marked */
  const behind = new Set<string>();
  const apart = createLimit(APART);
  return {
    due: async (region, limit) => {
      const [rows = []] = behind.has(region)
        ? await apart(() => readOutbox(pool, [region], limit))
        : [await due({ region, limit })];
      if (rows.length < limit) behind.delete(region);
      else behind.add(region);
      return rows;
    },
    overtaken: (region, rows, limit) => apart(() => readOvertaken(pool, region, rows, limit)),
    mark: async (region, rows) => {
      if (behind.has(region)) await apart(() => markPublished(pool, [region], rows));
      else await mark({ region, rows });
    },
  };
}
