import type { Answer } from '#core/lots/command.ts';
import type { CellToken, LotId } from '#core/words/ids.ts';
import type { Pool } from '../pool.ts';

export interface KeyClaim {
  /** PostgreSQL's bigint in decimal */
  readonly homeRegionId: string;
  readonly commandId: string;
  readonly kind: string;
  readonly fingerprint: string;
  readonly cell: CellToken;
  readonly lotId: LotId;
}

export type ClaimedKey =
  /** it takes (or took) effect there; for a fresh claim, where it asked to */
  | { readonly outcome: 'elsewhere'; readonly cell: CellToken; readonly lotId: LotId }
  /** it took effect in the home region, with this answer */
  | { readonly outcome: 'answered'; readonly answer: Answer }
  | { readonly outcome: 'reused' };

interface Row {
  readonly fingerprint: string | null;
  readonly answer: Answer | null;
  readonly elsewhere_cell: CellToken | null;
  readonly elsewhere_lot: LotId | null;
}

const CLAIM = `insert into command (geo_region_id, command_id, kind, fingerprint, elsewhere_cell, elsewhere_lot)
  values ($1, $2, $3, $4, $5, $6) on conflict do nothing`;
const READ = `select fingerprint, answer, elsewhere_cell, elsewhere_lot from command
  where geo_region_id = $1 and command_id = $2`;

/** Claims a key in its organisation's home region for an effect in another one; the first claim says where, for ever. */
export async function claimKey(pool: Pool, claim: KeyClaim): Promise<ClaimedKey> {
  const { homeRegionId, commandId, kind, fingerprint, cell, lotId } = claim;
  const values = [homeRegionId, commandId, kind, fingerprint, cell, lotId];
  const claimed = await pool.query({ name: 'claim_key', text: CLAIM, values });
  if (claimed.rowCount === 1) return { outcome: 'elsewhere', cell, lotId };
  const { rows } = await pool.query<Row>({ name: 'read_key', text: READ, values: [homeRegionId, commandId] });
  const row = rows[0];
  // Only the clearing of week-old rows removes one: between our two statements it can't be this one.
  if (row === undefined) throw new Error('a key was claimed and is gone');
  if (row.fingerprint !== fingerprint) return { outcome: 'reused' };
  if (row.elsewhere_cell !== null && row.elsewhere_lot !== null) {
    return { outcome: 'elsewhere', cell: row.elsewhere_cell, lotId: row.elsewhere_lot };
  }
  if (row.answer === null) throw new Error('a command row says neither what nor where');
  return { outcome: 'answered', answer: row.answer };
}
