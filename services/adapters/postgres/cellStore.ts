import type { Answer } from '#core/lots/command.ts';
import type { LotChange } from '#core/lots/decide.ts';
import { regionOf, signedIdOf } from '#core/geo/cell.ts';
import { postedAtMsOf, type CellToken, type LotId, type RegionToken } from '#core/words/ids.ts';
import type { Activation, CellStore, KeptAnswer, TurnWrite, WriteOutcome } from '#cell/ports.ts';
import { newUuid } from '../ids/uuid.ts';
import { encodeLotEvent, subjectOf } from '../events/encode.ts';
import {
  changedLotParam,
  historyParam,
  LOT_COLUMNS,
  lotOfRow,
  newLotParam,
  offerParam,
  type LotRow,
} from './lotRows.ts';
import type { Pool } from './pool.ts';

const ACTIVATE = `insert into cell as c (geo_region_id, cell_id, epoch, owner, activated_at) values ($1, $2, 1, $3, now())
  on conflict (geo_region_id, cell_id) do update
    set epoch = c.epoch + 1, owner = excluded.owner, activated_at = excluded.activated_at
  returning epoch`;
const LOAD_OPEN = `select ${LOT_COLUMNS} from lot l where l.geo_region_id = $1 and l.cell_id = $2 and l.ended_at is null`;
// By index in each month's partition: a family is a handful of rows.
const LOAD_FAMILIES = `select ${LOT_COLUMNS} from lot l
  where l.geo_region_id = $1 and l.cell_id = $2 and l.root_id in (
    select root_id from lot where geo_region_id = $1 and lot_id = any($3) and posted_at = any($4))`;
const WRITE_TURN = 'select write_turn($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)';
const KEPT = `select command_id, fingerprint, answer, elsewhere_cell, elsewhere_lot from command
  where geo_region_id = $1 and command_id = any($2)`;

const UNIQUE_VIOLATION = '23505';

/** The cell's rows in PostgreSQL or Citus. @param owner this process, for people who look at the table */
export function createCellStore(pool: Pool, owner: string, regionLevel: number): CellStore {
  const knownRegions = new Set<RegionToken>();
  const place = (cell: CellToken): [string, string] => [signedIdOf(regionOf(cell, regionLevel)), signedIdOf(cell)];

  async function activate(cell: CellToken): Promise<Activation> {
    const region = regionOf(cell, regionLevel);
    if (!knownRegions.has(region)) {
      await pool.query('insert into region (geo_region_id, token) values ($1, $2) on conflict do nothing', [
        signedIdOf(region),
        region,
      ]);
      knownRegions.add(region);
    }
    const { rows } = await pool.query<{ epoch: string }>(ACTIVATE, [...place(cell), owner]);
    const epoch = rows[0]?.epoch;
    if (epoch === undefined) throw new Error('activation returned no epoch');
    const open = await pool.query<LotRow>({ name: 'load_open', text: LOAD_OPEN, values: place(cell) });
    return { epoch, lots: open.rows.map(lotOfRow) };
  }

  async function loadFamilies(cell: CellToken, lotIds: readonly LotId[]) {
    const postedAt = lotIds.map((id) => new Date(postedAtMsOf(id)).toISOString());
    const { rows } = await pool.query<LotRow>({
      name: 'load_families',
      text: LOAD_FAMILIES,
      values: [...place(cell), lotIds, postedAt],
    });
    return rows.map(lotOfRow);
  }

  async function write(turn: TurnWrite): Promise<WriteOutcome> {
    try {
      await pool.query({
        name: 'write_turn',
        text: WRITE_TURN,
        values: [...place(turn.cell), turn.epoch, ...turnParams(turn)],
      });
      return { wrote: true };
    } catch (error) {
      return await outcomeOf(error, turn);
    }
  }

  async function outcomeOf(error: unknown, turn: TurnWrite): Promise<WriteOutcome> {
    const { code = '', constraint = '' } = error as { code?: string; constraint?: string };
    if (code === 'PF001' || code === 'PF005') return { wrote: false, because: 'fenced' };
    if (code === 'PF002') return { wrote: false, because: 'late' };
    if (code === 'PF004') return { wrote: false, because: 'early' };
    if (code === UNIQUE_VIOLATION && constraint.startsWith('command_pkey'))
      return { wrote: false, because: 'repeated', kept: await keptAnswers(turn) };
    if (/^(22|23)/.test(code)) return { wrote: false, because: 'data', message: (error as Error).message };
    throw error;
  }

  async function keptAnswers(turn: TurnWrite): Promise<KeptAnswer[]> {
    const ids = turn.commands.map(({ command }) => command.id);
    const { rows } = await pool.query<KeptRow>(KEPT, [place(turn.cell)[0], ids]);
    return rows.map(keptOfRow);
  }

  return { activate, loadFamilies, write };
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

/** Parameters $4 to $12 of write_turn. */
function turnParams(turn: TurnWrite): string[] {
  const nowMs = turn.decidedAtMs;
  const created = turn.changes.filter((change) => change.before === null);
  const changed = turn.changes.filter((change) => change.before !== null);
  const commands = turn.commands.map(({ command, answer }) => ({
    command_id: command.id,
    kind: command.kind,
    fingerprint: command.fingerprint,
    answer,
  }));
  const lists: unknown[][] = [
    commands,
    created.map(({ after }) => newLotParam(after, nowMs)),
    changed.map(({ before, after }) => changedLotParam(after, before?.version ?? 0, nowMs)),
    turn.changes.flatMap(newOffers),
    changed.flatMap(changedOffers),
    turn.changes.flatMap(({ transitions }) => transitions.map(historyParam)),
    turn.changes.filter(({ transitions }) => transitions.length > 0).map((change) => outboxParam(change, turn)),
    turn.collected.map((each) => ({
      recipient_id: each.recipientId,
      day: each.day,
      quantity_grams: each.quantityGrams,
    })),
  ];
  return [new Date(turn.notAfterMs).toISOString(), ...lists.map((list) => JSON.stringify(list))];
}

function newOffers({ before, after }: LotChange) {
  return after.offers.slice(before?.offers.length ?? 0).map((offer) => offerParam(after, offer));
}

/** Offers that were there and are not the same object any more. */
function changedOffers({ before, after }: LotChange) {
  const had = before?.offers ?? [];
  return after.offers
    .slice(0, had.length)
    .flatMap((offer, index) => (offer === had[index] ? [] : [offerParam(after, offer)]));
}

function outboxParam(change: LotChange, turn: TurnWrite) {
  const outboxId = newUuid(turn.decidedAtMs);
  const payload = encodeLotEvent(change, outboxId, turn.decidedAtMs, turn.traceparent);
  return {
    outbox_id: outboxId,
    lot_id: change.after.id,
    lot_version: change.after.version,
    subject: subjectOf(change.after),
    payload: Buffer.from(payload).toString('base64'),
    traceparent: turn.traceparent,
  };
}
