/** What PostgreSQL says about who wrote: epochs of cells, and versions of lots. */
import pg from 'pg';
import { signedIdOf } from '#core/geo/cell.ts';
import type { CellToken } from '#core/words/ids.ts';

export interface Ownership {
  /** `actor-host/<process id>` */
  readonly owner: string;
  readonly epoch: number;
}

export interface Ledger {
  /** by the cell's signed id */
  owners(): Promise<Map<string, Ownership>>;
  ownerOf(cell: string): Promise<Ownership | null>;
  /** lots of which a version was written twice or never, or told twice */
  conflicts(): Promise<number>;
  close(): Promise<void>;
}

const CONFLICTS = `select
  (select count(*) from (select lot_id from matching_history group by lot_id
     having count(*) <> max(version) or count(distinct version) <> count(*)) broken)
  + (select count(*) from (select lot_id, lot_version from outbox group by lot_id, lot_version having count(*) > 1) twice)
  + (select count(*) from lot l where version <> (select max(version) from matching_history h where h.lot_id = l.lot_id))
  as conflicts`;

export function openLedger(databaseUrl: string): Ledger {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  const owners = async (): Promise<Map<string, Ownership>> => {
    const { rows } = await pool.query<{ cell_id: string; owner: string; epoch: string }>(
      'select cell_id, owner, epoch from cell',
    );
    return new Map(rows.map(({ cell_id: id, owner, epoch }) => [id, { owner, epoch: Number(epoch) }]));
  };
  return {
    owners,
    ownerOf: async (cell) => (await owners()).get(signedIdOf(cell as CellToken)) ?? null,
    conflicts: async () => Number((await pool.query<{ conflicts: string }>(CONFLICTS)).rows[0]?.conflicts),
    close: () => pool.end(),
  };
}
