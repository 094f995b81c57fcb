/** Turns to PostgreSQL: those of one region that come while a statement is away go together in the next. */
import type { Answer } from '#core/lots/command.ts';
import { regionOf, signedIdOf } from '#core/geo/cell.ts';
import type { CellToken, LotId, RegionToken } from '#core/words/ids.ts';
import type { KeptAnswer, TurnWrite, WriteOutcome } from '#cell/ports.ts';
import { askTogether } from '../batching/askTogether.ts';
import type { Pool } from './pool.ts';
import { turnParams } from './turnParams.ts';

const WRITE_TURNS = 'select write_turns($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)';
const KEPT = `select command_id, fingerprint, answer, elsewhere_cell, elsewhere_lot from command
  where geo_region_id = $1 and command_id = any($2)`;
const UNIQUE_VIOLATION = '23505';
/** In the message, for a coordinator of Citus hands on no other word of a worker's constraint; there its shard is behind it. */
const REPEATED = /\bcommand_pkey(?:_\d+)?\b/;

/** Statements at once. */
const MAX_WRITES = 8;
const MAX_TURNS_PER_WRITE = 32;

export function createTurnWriter(pool: Pool, regionLevel: number): (turn: TurnWrite) => Promise<WriteOutcome> {
  const writeTogether = askTogether<RegionToken, TurnWrite, WriteOutcome>({
    maxInFlight: MAX_WRITES,
    maxBatch: MAX_TURNS_PER_WRITE,
    run: (_, turns) => writeAll(turns),
  });

  /** One turn that can't be written must not fail its neighbours: then each is written by itself. */
  async function writeAll(turns: readonly TurnWrite[]): Promise<WriteOutcome[]> {
    try {
      await pool.query({ name: 'write_turns', text: WRITE_TURNS, values: turnParams(turns, regionLevel) });
      return turns.map(() => ({ wrote: true }));
    } catch (error) {
      const [only] = turns;
      if (turns.length === 1 && only !== undefined) return [await outcomeOf(error, only)];
      if (!isRefusal(error)) throw error;
      const outcomes = await Promise.all(turns.map((turn) => writeAll([turn])));
      return outcomes.flat();
    }
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

  return (turn) => writeTogether(regionOf(turn.cell, regionLevel), turn);
}

/** PostgreSQL said no to some turn; anything else concerns them all. */
function isRefusal(error: unknown): boolean {
  return /^(PF|22|23)/.test((error as { code?: string }).code ?? '');
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
