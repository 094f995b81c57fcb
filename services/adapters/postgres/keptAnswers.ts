/** Commands that took effect before: each is answered from its row. */
import type { QueryConfig } from 'pg';
import type { Answer } from '#core/lots/command.ts';
import { regionOf, signedIdOf } from '#core/geo/cell.ts';
import type { CellToken, LotId } from '#core/words/ids.ts';
import type { KeptAnswer, TurnWrite } from '#cell/ports.ts';
import type { Pool } from './pool.ts';
import { oneRegionOf } from './sql/oneRegion.ts';

const KEPT_COLUMNS = 'geo_region_id as region, command_id, fingerprint, answer, elsewhere_cell, elsewhere_lot';
const KEPT = `select ${KEPT_COLUMNS} from command where geo_region_id = $1 and command_id = any($2)`;
const KEPT_OF_REGIONS = `select ${KEPT_COLUMNS} from unnest($1::bigint[], $2::text[]) as k(region, id)
  join command on geo_region_id = k.region and command_id = k.id`;

/** The answers that commands of these turns were given before, of those turns that have any. */
export async function keptAnswers(
  pool: Pool,
  turns: readonly TurnWrite[],
  regionLevel: number,
): Promise<Map<TurnWrite, KeptAnswer[]>> {
  const keys = turns.flatMap((turn) => {
    const region = signedIdOf(regionOf(turn.cell, regionLevel));
    return turn.commands.map(({ command: { id } }) => ({ turn, region, id }));
  });
  const { rows } = await pool.query<KeptRow>(keptQuery(keys));
  const byKey = new Map(rows.map((row) => [`${row.region} ${row.command_id}`, keptOfRow(row)]));
  const found = keys.flatMap(({ turn, region, id }) => {
    const kept = byKey.get(`${region} ${id}`);
    return kept === undefined ? [] : [{ turn, kept }];
  });
  const byTurn = Map.groupBy(found, ({ turn }) => turn);
  return new Map([...byTurn].map(([turn, all]) => [turn, all.map(({ kept }) => kept)]));
}

function keptQuery(keys: readonly { readonly region: string; readonly id: string }[]): QueryConfig {
  const ids = keys.map(({ id }) => id);
  const region = oneRegionOf(keys.map((key) => key.region));
  return region === null
    ? { text: KEPT_OF_REGIONS, values: [keys.map((key) => key.region), ids] }
    : { text: KEPT, values: [region, ids] };
}

interface KeptRow {
  readonly region: string;
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
