/** Turns to PostgreSQL: those that come while a statement is away go together in the next. */
import type { QueryConfig } from 'pg';
import { regionOf } from '#core/geo/cell.ts';
import type { RegionToken } from '#core/words/ids.ts';
import type { KeptAnswer, TurnWrite, WriteOutcome } from '#cell/ports.ts';
import { askTogether } from '../batching/askTogether.ts';
import { createGroups } from './groups.ts';
import { keptAnswers } from './keptAnswers.ts';
import type { Pool } from './pool.ts';
import { turnParams, type TurnParams } from './turnParams.ts';

/** Of write_turns, in its order, as `turnParams` gives them. */
const ARGUMENTS = {
  region: 'bigint',
  cells: 'jsonb',
  not_after: 'timestamptz',
  commands: 'jsonb',
  new_lots: 'jsonb',
  lots: 'jsonb',
  new_offers: 'jsonb',
  offers: 'jsonb',
  history: 'jsonb',
  outbox: 'jsonb',
  days: 'jsonb',
};
const NAMES = Object.keys(ARGUMENTS);
/** Of one region: Citus runs it on the region's node. */
const WRITE_TURNS = `select write_turns(${NAMES.map((_, n) => `$${String(n + 1)}`).join(', ')})`;
const COLUMNS = Object.entries(ARGUMENTS).map(([name, type]) => `${name} ${type}`);
/** Of several: one statement, one transaction, one wait for the disk. */
const WRITE_REGIONS = `select write_turns(${NAMES.join(', ')}) from jsonb_to_recordset($1) as r(${COLUMNS.join(', ')})`;
const UNIQUE_VIOLATION = '23505';
/** In the message, for a coordinator of Citus hands on no other word of a worker's constraint; there its shard is behind it. */
const REPEATED = /\bcommand_pkey(?:_\d+)?\b/;

/** Statements at once, where none is refused. */
const MAX_WRITES = 8;
const MAX_TURNS_PER_WRITE = 64;
/** Who waits for a lock in one region holds up the others no longer than this. */
const OVERTAKE_MS = 50;

const NO_PARTITION = /^no partition of relation/;

/** An error: nobody knows whether it was written. */
type Written = WriteOutcome | { readonly error: unknown };

export function createTurnWriter(pool: Pool, regionLevel: number): (turn: TurnWrite) => Promise<WriteOutcome> {
  const groups = createGroups(pool);
  const regionOfTurn = ({ cell }: TurnWrite): RegionToken => regionOf(cell, regionLevel);
  const writeTogether = askTogether<string, TurnWrite, Written>({
    maxInFlight: MAX_WRITES,
    maxBatch: MAX_TURNS_PER_WRITE,
    overtakeMs: OVERTAKE_MS,
    run: (_, turns) => writeAll(turns),
  });

  /** One turn that can't be written must not fail its neighbours: then each region is written by itself, and then each turn. */
  async function writeAll(turns: readonly TurnWrite[]): Promise<Written[]> {
    const regions = [...Map.groupBy(turns, regionOfTurn)];
    try {
      await pool.query(statementFor(regions));
      return turns.map(() => ({ wrote: true }));
    } catch (error) {
      if (isRepeat(error)) return await allButRepeats(turns);
      const isOneToBlame = isRefusal(error) || isWithoutPartition(error);
      if (regions.length > 1 && (isOneToBlame || isLocked(error))) return await apart(turns, regionOfTurn);
      if (turns.length > 1 && isOneToBlame) return await apart(turns, (turn) => turn);
      return turns.map(() => outcomeOf(error));
    }
  }

  async function apart(turns: readonly TurnWrite[], part: (turn: TurnWrite) => unknown): Promise<Written[]> {
    const parts = [...Map.groupBy(turns, part).values()];
    const written = (await Promise.all(parts.map(writeAll))).flat();
    const byTurn = new Map(parts.flat().map((turn, n) => [turn, written[n]]));
    return turns.flatMap((turn) => byTurn.get(turn) ?? []);
  }

  /** People repeat in crowds, after an outage: one question finds them all, and the others go on together. */
  async function allButRepeats(turns: readonly TurnWrite[]): Promise<Written[]> {
    const kept = await keptAnswers(pool, turns, regionLevel).catch((error: unknown) => ({ error }));
    if ('error' in kept) return turns.map(() => kept);
    if (turns.length === 1) return turns.map((turn) => repeated(kept.get(turn) ?? []));
    const fresh = turns.filter((turn) => !kept.has(turn));
    // two of them repeat each other
    if (fresh.length === turns.length) return await apart(turns, (turn) => turn);
    const written = fresh.length === 0 ? [] : await writeAll(fresh);
    const byTurn = new Map(fresh.map((turn, n) => [turn, written[n]]));
    return turns.flatMap((turn) => byTurn.get(turn) ?? repeated(kept.get(turn) ?? []));
  }

  return async (turn) => {
    const written = await writeTogether(await groups.of(regionOfTurn(turn)), turn);
    if ('error' in written) throw written.error;
    return written;
  };
}

/** Regions in one order for all, so that no two statements wait for each other. */
function statementFor(regions: readonly (readonly [RegionToken, readonly TurnWrite[]])[]): QueryConfig {
  const inOrder = [...regions].sort(([one], [other]) => (one < other ? -1 : 1));
  const params = inOrder.map(([region, turns]) => turnParams(turns, region));
  const [only] = params;
  if (params.length === 1 && only !== undefined)
    return { name: 'write_turns', text: WRITE_TURNS, values: only.map(asText) };
  return { name: 'write_regions', text: WRITE_REGIONS, values: [JSON.stringify(params.map(named))] };
}

/** Of one turn that was refused; or nobody knows of any. */
function outcomeOf(error: unknown): Written {
  const { code = '', message } = error as Error & { code?: string };
  if (code === 'PF001' || code === 'PF005') return { wrote: false, because: 'fenced' };
  if (code === 'PF002') return { wrote: false, because: 'late' };
  if (code === 'PF004') return { wrote: false, because: 'early' };
  if (isOfData(code, message)) return { wrote: false, because: 'data', message };
  return { error };
}

function repeated(kept: readonly KeptAnswer[]): WriteOutcome {
  return { wrote: false, because: 'repeated', kept };
}

function isRepeat(error: unknown): boolean {
  const { code, message } = error as Error & { code?: string };
  return code === UNIQUE_VIOLATION && REPEATED.test(message);
}

function asText(param: TurnParams[number]): string {
  return typeof param === 'string' ? param : JSON.stringify(param);
}

function named(params: TurnParams): Record<string, unknown> {
  return Object.fromEntries(NAMES.map((name, n) => [name, params[n]]));
}

/** PostgreSQL said no to some turn. */
function isRefusal(error: unknown): boolean {
  const { code = '', message } = error as Error & { code?: string };
  return code.startsWith('PF') || isOfData(code, message);
}

function isOfData(code: string, message: string): boolean {
  return /^(22|23)/.test(code) && !NO_PARTITION.test(message);
}

/**
 * Where there is none for today nothing is wrong with what is written: it can be written once there is one. But it may be one turn alone that lies
 * months off, of an api whose clock does.
 */
function isWithoutPartition(error: unknown): boolean {
  return NO_PARTITION.test((error as Error).message);
}

/** Somebody held a lock for too long, or each held what the other waited for: nothing was written. */
function isLocked(error: unknown): boolean {
  return ['55P03', '57014', '40P01'].includes((error as { code?: string }).code ?? '');
}
