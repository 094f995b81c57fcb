/** The outbox as everybody writes it: claim with `for update skip locked`, publish, mark, commit. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Bus } from '#adapters/nats/bus.ts';
import type { Pool } from '#adapters/postgres/pool.ts';
import { inTransaction } from '#adapters/postgres/transaction.ts';

const BATCH = 200;
const IDLE_MS = 50;
const CLAIM = `select outbox_id, subject, payload from baseline.outbox where published_at is null
  order by created_at limit ${String(BATCH)} for update skip locked`;
const MARK = 'update baseline.outbox set published_at = now() where outbox_id = any($1)';

interface Row {
  readonly outbox_id: string;
  readonly subject: string;
  readonly payload: Buffer;
}

/** Until the process ends. */
export async function relayForEver(pool: Pool, bus: Bus): Promise<never> {
  for (;;) {
    const count = await relayBatch(pool, bus).catch(() => 0);
    if (count < BATCH) await pause(IDLE_MS);
  }
}

function relayBatch(pool: Pool, bus: Bus): Promise<number> {
  return inTransaction(pool, async (db) => {
    const { rows } = await db.query<Row>({ name: 'relay_claim', text: CLAIM });
    if (rows.length === 0) return 0;
    await Promise.all(rows.map((row) => bus.js.publish(row.subject, row.payload, { msgID: row.outbox_id })));
    await db.query({ name: 'relay_mark', text: MARK, values: [rows.map((row) => row.outbox_id)] });
    return rows.length;
  });
}
