import type { Recipient } from '#core/matching/candidate.ts';
import { geoSetOf } from './fill.ts';
import type { GenerationKeys } from './keys.ts';
import { mend, type SweepDependencies } from './mend.ts';
import { mended } from './metrics.ts';
import { redisTimeMs } from './rebuild.ts';
import { ORDERED_VERSION } from './recipients.ts';
import { runMarked } from './script.ts';
import { DROP_MARKER, INCOMPLETE, MEND_DAYS } from './scripts.ts';
import { sweepTokens } from './sweepTokens.ts';

const PAGE_ROWS = 200;

/** What the last sweep saw different: only what stays different is corrected, not what is under way. */
export interface Doubts {
  /** recipient and day: what Redis had, and PostgreSQL */
  readonly days: Map<string, string>;
  /** recipients of whom something was missing, in this version */
  readonly incomplete: Map<string, string>;
}

type Row = Pick<Recipient, 'active' | 'fallback' | 'lat'> & {
  readonly recipient_id: string;
  readonly ordered_version: string;
};

/**
 * Compares all recipients with PostgreSQL, page by page: their tokens and days, which it mends, and whether all of them is there. Where
 * something stays missing nothing is believed any more, and all of it is counted anew (`keeper.ts`): who was lost and who was offered what
 * meanwhile can't be told apart.
 * @returns whether all is there
 */
export async function sweep(deps: SweepDependencies, generation: string, doubts: Doubts): Promise<boolean> {
  const nowMs = await redisTimeMs(deps.redis.client);
  const incomplete = new Map<string, string>();
  for (let after = ''; ;) {
    const { rows } = await deps.pool.query<Row>(
      `select r.recipient_id, r.active, r.fallback, r.lat, ${ORDERED_VERSION} as ordered_version
         from recipient r where r.recipient_id > $1 order by r.recipient_id limit ${String(PAGE_ROWS)}`,
      [after],
    );
    const last = rows.at(-1);
    if (last === undefined) break;
    const ids = rows.map((row) => row.recipient_id);
    const below = deps.keys.of(generation);
    // Days first: a collected offer's token is only taken away together with its day.
    await sweepDays(deps, below, ids, doubts.days);
    await sweepTokens(deps, below, ids, nowMs);
    for (const [id, version] of await incompleteOf(deps, rows)) incomplete.set(id, version);
    after = last.recipient_id;
  }
  const isWhole = ![...incomplete].some(([id, version]) => doubts.incomplete.get(id) === version);
  doubts.incomplete.clear();
  for (const [id, version] of incomplete) doubts.incomplete.set(id, version);
  if (!isWhole) await distrust(deps);
  return isWhole;
}

/** Of whom something is missing, and in which version. */
async function incompleteOf(deps: SweepDependencies, rows: readonly Row[]): Promise<[string, string][]> {
  const args = rows.flatMap((row) => [row.recipient_id, geoSetOf(row) ?? '-', row.ordered_version]);
  const found = new Set((await runMarked(deps.redis, deps.keys, INCOMPLETE, args)) as string[] | null);
  return rows
    .filter(({ recipient_id: id }) => found.has(id))
    .map(({ recipient_id: id, ordered_version: version }) => [id, version]);
}

async function distrust(deps: SweepDependencies): Promise<void> {
  if ((await runMarked(deps.redis, deps.keys, DROP_MARKER, [])) === 1) mended.inc({ what: 'index-distrusted' });
}

async function sweepDays(
  deps: SweepDependencies,
  below: GenerationKeys,
  ids: readonly string[],
  doubts: Doubts['days'],
): Promise<void> {
  const { rows } = await deps.pool.query<{ recipient_id: string; day: string; grams: string }>(
    `select recipient_id, day::text, sum(collected_grams) as grams from recipient_day
      where recipient_id = any($1) and day >= current_date - 1 group by recipient_id, day`,
    [ids],
  );
  if (rows.length === 0) return;
  const counted = await Promise.all(
    rows.map((row) => deps.redis.client.hget(below.counters(row.recipient_id), row.day)),
  );
  const changes: string[][] = [];
  rows.forEach((row, i) => {
    const seen = counted[i] ?? '';
    const key = `${row.recipient_id} ${row.day}`;
    const doubt = `${seen} ${row.grams}`;
    if (Number(seen) === Number(row.grams)) doubts.delete(key);
    else if (doubts.get(key) === doubt) changes.push([row.recipient_id, row.day, seen, row.grams]);
    else doubts.set(key, doubt);
  });
  await mend(deps, 'day-corrected', MEND_DAYS, changes);
}
