import type { Recipient } from '#core/matching/candidate.ts';
import { geoSetOf } from './fill.ts';
import type { GenerationKeys } from './keys.ts';
import { distrust, mend, type SweepDependencies } from './mend.ts';
import { redisTimeMs } from './rebuild.ts';
import { isNamed, unnameOthers } from './readable.ts';
import { ORDERED_VERSION } from './recipients.ts';
import { runMarked } from './script.ts';
import { DROP_MARKER, LOOK, MEND_DAYS, UNSUMMED } from './scripts.ts';
import { sweepTokens } from './sweepTokens.ts';

const PAGE_ROWS = 50;

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
  const there = new Set<string>();
  for (let after = ''; ;) {
    const { rows: all } = await deps.pool.query<Row>(
      `select r.recipient_id, r.active, r.fallback, r.lat, ${ORDERED_VERSION} as ordered_version
         from recipient r where r.recipient_id > $1 order by r.recipient_id limit ${String(PAGE_ROWS)}`,
      [after],
    );
    const last = all.at(-1);
    if (last === undefined) break;
    for (const row of all) there.add(row.recipient_id);
    const [rows, unnamed] = [all.filter(isOfOne), all.filter((row) => !isOfOne(row))];
    const ids = rows.map((row) => row.recipient_id);
    const versions = new Map(rows.map((row) => [row.recipient_id, row.ordered_version]));
    const below = deps.keys.of(generation);
    // an index of an older version has them
    if (unnamed.length > 0) await leaveOut(deps, below, unnamed);
    // Days first: a collected offer's token is only taken away together with its day.
    await sweepDays(deps, below, ids, doubts.days);
    const { missing, differing } = await compare(deps, rows);
    if (differing.length > 0) await sweepTokens(deps, below, differing, nowMs);
    for (const id of [...missing, ...(await unsummed(deps, differing))]) incomplete.set(id, versions.get(id) ?? '');
    after = last.recipient_id;
  }
  await unnameOthers(there);
  const isWhole = ![...incomplete].some(([id, version]) => doubts.incomplete.get(id) === version);
  doubts.incomplete.clear();
  for (const [id, version] of incomplete) doubts.incomplete.set(id, version);
  if (!isWhole) await distrust(deps, DROP_MARKER);
  return isWhole;
}

function isOfOne(row: Row): boolean {
  return isNamed(row.recipient_id);
}

async function leaveOut({ redis }: SweepDependencies, below: GenerationKeys, unnamed: readonly Row[]): Promise<void> {
  const ids = unnamed.map((row) => row.recipient_id);
  for (const set of [below.geo, below.fallback]) await redis.client.zrem(set, ...ids);
}

/**
 * Of whom something is missing, and whose tokens are others than the offers PostgreSQL holds, by their number and sum: of a nation's, all but those in
 * whose cells somebody is just at work agree.
 */
async function compare(
  deps: SweepDependencies,
  recipients: readonly Row[],
): Promise<{ missing: string[]; differing: string[] }> {
  const args = recipients.flatMap((row) => [row.recipient_id, geoSetOf(row) ?? '-', row.ordered_version]);
  const seen = ((await runMarked(deps.redis, deps.keys, LOOK, args)) ?? []) as string[];
  const ids = recipients.map((row) => row.recipient_id);
  const { rows } = await deps.pool.query<{ recipient_id: string; held: string }>(
    `select recipient_id, count(*) || ' ' || sum(quantity_grams) as held
       from offer where recipient_id = any($1) and state in ('open', 'claimed') group by recipient_id`,
    [ids],
  );
  const held = new Map(rows.map((row) => [row.recipient_id, row.held]));
  const each = seen.map((line, i) => ({ id: ids[i] ?? '', isComplete: line.startsWith('1'), tokens: line.slice(2) }));
  return {
    missing: each.filter(({ isComplete }) => !isComplete).map(({ id }) => id),
    differing: each.filter(({ id, tokens }) => tokens !== '' && tokens !== (held.get(id) ?? '0 0')).map(({ id }) => id),
  };
}

async function unsummed(deps: SweepDependencies, ids: readonly string[]): Promise<readonly string[]> {
  return ids.length === 0 ? [] : (((await runMarked(deps.redis, deps.keys, UNSUMMED, ids)) ?? []) as string[]);
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
