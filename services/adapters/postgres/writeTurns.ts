/** Turns to PostgreSQL: those that come while a statement is away go together in the next. */
import type { QueryConfig } from 'pg';
import type { Answer } from '#core/lots/command.ts';
import { regionOf, signedIdOf } from '#core/geo/cell.ts';
import type { CellToken, LotId, RegionToken } from '#core/words/ids.ts';
import type { KeptAnswer, TurnWrite, WriteOutcome } from '#cell/ports.ts';
import { askTogether } from '../batching/askTogether.ts';
import { createGroups } from './groups.ts';
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
const KEPT = `select command_id, fingerprint, answer, elsewhere_cell, elsewhere_lot from command
  where geo_region_id = $1 and command_id = any($2)`;
const UNIQUE_VIOLATION = '23505';
/** In the message, for a coordinator of Citus hands on no other word of a worker's constraint; there its shard is behind it. */
const REPEATED = /\bcommand_pkey(?:_\d+)?\b/;

/** Statements at once, where none is refused. */
const MAX_WRITES = 8;
const MAX_TURNS_PER_WRITE = 64;
/** Who waits for a lock in one region holds up the others no longer than this. */
const OVERTAKE_MS = 50;

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
      const [only] = turns;
      if (regions.length > 1 && (isRefusal(error) || isLocked(error))) return await apart(turns, regionOfTurn);
      if (turns.length > 1 && isRefusal(error)) return await apart(turns, (turn) => turn);
      if (turns.length > 1 || only === undefined) return turns.map(() => ({ error }));
      return [await outcomeOf(error, only).catch((unclear: unknown) => ({ error: unclear }))];
    }
  }

  async function apart(turns: readonly TurnWrite[], part: (turn: TurnWrite) => unknown): Promise<Written[]> {
    const parts = [...Map.groupBy(turns, part).values()];
    const written = (await Promise.all(parts.map(writeAll))).flat();
    const byTurn = new Map(parts.flat().map((turn, n) => [turn, written[n]]));
    return turns.flatMap((turn) => byTurn.get(turn) ?? []);
  }

  async function outcomeOf(error: unknown, turn: TurnWrite): Promise<WriteOutcome> {
    const { code = '', message } = error as Error & { code?: string };
    if (code === 'PF001' || code === 'PF005') return { wrote: false, because: 'fenced' };
    if (code === 'PF002') return { wrote: false, because: 'late' };
    if (code === 'PF004') return { wrote: false, because: 'early' };
    if (code === UNIQUE_VIOLATION && REPEATED.test(message))
      return { wrote: false, because: 'repeated', kept: await keptAnswers(turn) };
    if (/^(22|23)/.test(code)) return { wrote: false, because: 'data', message };
    throw error;
  }

  async function keptAnswers(turn: TurnWrite): Promise<KeptAnswer[]> {
    const ids = turn.commands.map(({ command }) => command.id);
    const { rows } = await pool.query<KeptRow>(KEPT, [signedIdOf(regionOf(turn.cell, regionLevel)), ids]);
    return rows.map(keptOfRow);
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

function asText(param: TurnParams[number]): string {
  return typeof param === 'string' ? param : JSON.stringify(param);
}

function named(params: TurnParams): Record<string, unknown> {
  return Object.fromEntries(NAMES.map((name, n) => [name, params[n]]));
}

/** PostgreSQL said no to some turn. */
function isRefusal(error: unknown): boolean {
  return /^(PF|22|23)/.test((error as { code?: string }).code ?? '');
}

/** Somebody held a lock for too long, or each held what the other waited for: nothing was written. */
function isLocked(error: unknown): boolean {
  return ['55P03', '57014', '40P01'].includes((error as { code?: string }).code ?? '');
}

interface KeptRow {
  readonly command_id: string;
  readonly fingerprint: string | null;
  readonly answer: Answer | null;
  readonly elsewhere_cell: string | null;
  readonly elsewhere_lot: string | null;
}

function keptOfRow(row: KeptRow): KeptAnswer {
  const { elsewhere_cell: cell, elsewhere_lot: lotId } = row;
  return {
    commandId: row.command_id,
    fingerprint: row.fingerprint,
    answer: row.answer,
    elsewhere: cell === null || lotId === null ? null : { cell: cell as CellToken, lotId: lotId as LotId },
  };
}
